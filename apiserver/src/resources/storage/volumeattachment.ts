import type {
  VolumeAttachment,
  VolumeAttachmentSource,
  VolumeError,
} from "@coracle/shared/api/types/storage-v1";
import {
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from "@coracle/shared/machinery/field-error";
import { isDns1123Subdomain, rangeMessage } from "@coracle/shared/machinery/names";
import type { FieldError } from "@coracle/shared/machinery/status-error";
import type { ResourceBehaviour } from "../../registry/strategy.ts";
import { age } from "../age.ts";
import { setVolumeSourceDefaults } from "../core/persistentvolume-defaults.ts";
import { validateInlineVolumeSpec } from "../core/persistentvolume-validation.ts";
import { internalForm } from "../core/pod/internal-form.ts";
import { semanticEqual } from "../core/pod/semantic-equal.ts";
import { invalidTexts } from "../field-rules.ts";
import { repeatObjectMeta } from "../metadata-validation.ts";
import { resetMetadataForStatus } from "../status-metadata.ts";
import { validateCsiDriverName } from "./csi-driver-name.ts";
import { bytesOf } from "./parameters.ts";

function setDefaults(attachment: VolumeAttachment): void {
  const inline = attachment.spec?.source?.inlineVolumeSpec;
  if (inline) setVolumeSourceDefaults(inline);
}

const METADATA_BYTES_MAX = 256 * 1024;
const MESSAGE_BYTES_MAX = 1024;
const CODE_MAX = 2 ** 31 - 1;
const EITHER = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

function validateSource(source: VolumeAttachmentSource, path: string): FieldError[] {
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = source;
  if (inline === undefined && name === undefined) return [required(path, EITHER)];
  if (inline !== undefined && name !== undefined) return [forbiddenField(path, EITHER)];
  if (inline !== undefined) return validateInlineVolumeSpec(inline, `${path}.inlineVolumeSpec`);
  if (name !== "") return [];
  return [required(`${path}.persistentVolumeName`, "must specify non empty persistentVolumeName")];
}

function validateError(error: VolumeError | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (Buffer.byteLength(error?.message ?? "") > MESSAGE_BYTES_MAX) {
    // The limit that upstream names is another one's.
    errors.push(tooLong(`${path}.message`, METADATA_BYTES_MAX));
  }
  const code = error?.errorCode ?? 0;
  if (code < 0) errors.push(invalidValue(`${path}.errorCode`, code, rangeMessage(0, CODE_MAX)));
  return errors;
}

function validate({ spec, status }: VolumeAttachment): FieldError[] {
  const { attacher, source = {}, nodeName = "" } = spec;
  const errors = [
    ...validateCsiDriverName(attacher, "spec.attacher"),
    ...validateSource(source, "spec.source"),
    ...invalidTexts("spec.nodeName", nodeName, isDns1123Subdomain(nodeName)),
  ];
  if (bytesOf(status?.attachmentMetadata) > METADATA_BYTES_MAX) {
    errors.push(tooLong("status.attachmentMetadata", METADATA_BYTES_MAX));
  }
  errors.push(
    ...validateError(status?.attachError, "status.attachError"),
    ...validateError(status?.detachError, "status.detachError"),
  );
  const name = source.persistentVolumeName;
  if (name !== undefined) {
    const texts = isDns1123Subdomain(name);
    errors.push(...invalidTexts("spec.source.persistentVolumeName", name, texts));
  }
  return errors;
}

function validateUpdate(now: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  const errors = [...repeatObjectMeta(now.metadata, false, isDns1123Subdomain), ...validate(now)];
  if (!semanticEqual(now.spec, old.spec)) {
    const shown = internalForm("VolumeAttachmentSpec", now.spec);
    errors.push(invalidValue("spec", shown, "field is immutable"));
  }
  return errors;
}

export const volumeAttachmentBehaviour: ResourceBehaviour<VolumeAttachment> = {
  storagePrefix: "volumeattachments",
  setDefaults,
  validateName: isDns1123Subdomain,
  strategy: {
    allowUnconditionalUpdate: false,
    prepareForCreate(attachment) {
      attachment.status = { attached: false };
    },
    validate,
    prepareForUpdate(attachment, old) {
      attachment.status = old.status;
    },
    validateUpdate,
  },
  statusStrategy: {
    prepareForUpdate(attachment, old) {
      attachment.spec = old.spec;
      resetMetadataForStatus(attachment.metadata, old.metadata);
    },
    validateUpdate,
  },
  cells: ({ metadata, spec, status }, now) => [
    metadata.name,
    spec?.attacher ?? "",
    spec?.source?.persistentVolumeName ?? "",
    spec?.nodeName ?? "",
    status?.attached ?? false,
    age(metadata.creationTimestamp, now),
  ],
};
