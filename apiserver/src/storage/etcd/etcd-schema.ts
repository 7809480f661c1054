// The part of etcd's v3 API that the engine speaks: names and field numbers are etcd's. Enumerations are declared as int32 and
// oneofs as plain fields, which is the same on the wire.
import type { PackageDefinition } from "@grpc/proto-loader";

type Fields = Record<string, readonly [type: string, id: number, rule?: "repeated"]>;

const MESSAGES: Record<string, Fields> = {
  KeyValue: {
    key: ["bytes", 1],
    create_revision: ["int64", 2],
    mod_revision: ["int64", 3],
    version: ["int64", 4],
    value: ["bytes", 5],
    lease: ["int64", 6],
  },
  ResponseHeader: { revision: ["int64", 3] },
  RangeRequest: {
    key: ["bytes", 1],
    range_end: ["bytes", 2],
    limit: ["int64", 3],
    revision: ["int64", 4],
    count_only: ["bool", 9],
  },
  RangeResponse: {
    header: ["ResponseHeader", 1],
    kvs: ["KeyValue", 2, "repeated"],
    more: ["bool", 3],
    count: ["int64", 4],
  },
  PutRequest: { key: ["bytes", 1], value: ["bytes", 2], lease: ["int64", 3] },
  DeleteRangeRequest: { key: ["bytes", 1] },
  RequestOp: {
    request_range: ["RangeRequest", 1],
    request_put: ["PutRequest", 2],
    request_delete_range: ["DeleteRangeRequest", 3],
  },
  ResponseOp: { response_range: ["RangeResponse", 1] },
  Compare: {
    result: ["int32", 1],
    target: ["int32", 2],
    key: ["bytes", 3],
    version: ["int64", 4],
    mod_revision: ["int64", 6],
  },
  TxnRequest: {
    compare: ["Compare", 1, "repeated"],
    success: ["RequestOp", 2, "repeated"],
    failure: ["RequestOp", 3, "repeated"],
  },
  TxnResponse: {
    header: ["ResponseHeader", 1],
    succeeded: ["bool", 2],
    responses: ["ResponseOp", 3, "repeated"],
  },
  CompactionRequest: { revision: ["int64", 1], physical: ["bool", 2] },
  CompactionResponse: { header: ["ResponseHeader", 1] },
  WatchRequest: { create_request: ["WatchCreateRequest", 1] },
  WatchCreateRequest: {
    key: ["bytes", 1],
    range_end: ["bytes", 2],
    start_revision: ["int64", 3],
    progress_notify: ["bool", 4],
  },
  WatchResponse: {
    header: ["ResponseHeader", 1],
    created: ["bool", 3],
    canceled: ["bool", 4],
    compact_revision: ["int64", 5],
    cancel_reason: ["string", 6],
    events: ["Event", 11, "repeated"],
  },
  Event: { type: ["int32", 1], kv: ["KeyValue", 2] },
  LeaseGrantRequest: { TTL: ["int64", 1], ID: ["int64", 2] },
  LeaseGrantResponse: { header: ["ResponseHeader", 1], error: ["string", 4] },
  LeaseRevokeRequest: { ID: ["int64", 1] },
  LeaseRevokeResponse: { header: ["ResponseHeader", 1] },
  LeaseTimeToLiveRequest: { ID: ["int64", 1] },
  LeaseTimeToLiveResponse: { header: ["ResponseHeader", 1], TTL: ["int64", 3] },
  LeaseLeasesRequest: {},
  LeaseLeasesResponse: { header: ["ResponseHeader", 1], leases: ["LeaseStatus", 2, "repeated"] },
  LeaseStatus: {},
  StatusRequest: {},
  StatusResponse: {
    header: ["ResponseHeader", 1],
    dbSize: ["int64", 3],
    errors: ["string", 8, "repeated"],
  },
};

type Method = readonly [request: string, response: string];

const SERVICES: Record<string, Record<string, Method>> = {
  KV: {
    Range: ["RangeRequest", "RangeResponse"],
    Txn: ["TxnRequest", "TxnResponse"],
    Compact: ["CompactionRequest", "CompactionResponse"],
  },
  Watch: { Watch: ["WatchRequest", "WatchResponse"] },
  Lease: {
    LeaseGrant: ["LeaseGrantRequest", "LeaseGrantResponse"],
    LeaseRevoke: ["LeaseRevokeRequest", "LeaseRevokeResponse"],
    LeaseTimeToLive: ["LeaseTimeToLiveRequest", "LeaseTimeToLiveResponse"],
    LeaseLeases: ["LeaseLeasesRequest", "LeaseLeasesResponse"],
  },
  Maintenance: { Status: ["StatusRequest", "StatusResponse"] },
};

/** Compare.result and Compare.target, Event.type. */
export const EQUAL = 0;
export const TARGET_VERSION = 0;
export const TARGET_MOD = 2;
export const EVENT_DELETE = 1;

export interface EtcdHeader {
  revision: number;
}

export interface EtcdKeyValue {
  key: Buffer;
  value: Buffer;
  create_revision: number;
  mod_revision: number;
  version: number;
  /** 0 = none. */
  lease: number;
}

export interface RangeRequest {
  key: Buffer;
  range_end?: Buffer;
  limit?: number;
  revision?: number;
  count_only?: boolean;
}

export interface RangeResponse {
  header: EtcdHeader;
  kvs: EtcdKeyValue[];
  more: boolean;
  count: number;
}

export interface RequestOp {
  request_range?: RangeRequest;
  request_put?: { key: Buffer; value: Buffer; lease?: number };
  request_delete_range?: { key: Buffer };
}

export interface EtcdCompare {
  result: number;
  target: number;
  key: Buffer;
  version?: number;
  mod_revision?: number;
}

export interface TxnRequest {
  compare: EtcdCompare[];
  success: RequestOp[];
  failure: RequestOp[];
}

export interface TxnResponse {
  header: EtcdHeader;
  succeeded: boolean;
  responses: { response_range: RangeResponse | null }[];
}

export interface EtcdEvent {
  type: number;
  kv: EtcdKeyValue;
}

export interface WatchResponse {
  header: EtcdHeader;
  created: boolean;
  canceled: boolean;
  compact_revision: number;
  cancel_reason: string;
  events: EtcdEvent[];
}

/** Request and response of each unary call. */
export interface Calls {
  "KV/Range": [RangeRequest, RangeResponse];
  "KV/Txn": [TxnRequest, TxnResponse];
  "KV/Compact": [{ revision: number; physical: boolean }, { header: EtcdHeader }];
  "Lease/LeaseGrant": [{ TTL: number; ID: number }, { header: EtcdHeader; error: string }];
  "Lease/LeaseRevoke": [{ ID: number }, { header: EtcdHeader }];
  /** TTL: -1 = there is no such lease. */
  "Lease/LeaseTimeToLive": [{ ID: number }, { header: EtcdHeader; TTL: number }];
  "Lease/LeaseLeases": [Record<string, never>, { header: EtcdHeader; leases: unknown[] }];
  "Maintenance/Status": [
    Record<string, never>,
    { header: EtcdHeader; dbSize: number; errors: string[] },
  ];
}

const mapValues = <A, B>(record: Record<string, A>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

type FromJson = typeof import("@grpc/proto-loader").fromJSON;

export function loadSchema(fromJSON: FromJson): PackageDefinition {
  const messages = mapValues(MESSAGES, (fields) => ({
    fields: mapValues(fields, ([type, id, rule]) => ({ type, id, rule })),
  }));
  const services = mapValues(SERVICES, (methods) => ({
    methods: mapValues(methods, ([requestType, responseType]) => {
      const streams = requestType === "WatchRequest";
      const requestStream = streams;
      return { requestType, responseType, requestStream, responseStream: streams, comment: "" };
    }),
  }));
  return fromJSON(
    { nested: { etcdserverpb: { nested: { ...messages, ...services } } } },
    { keepCase: true, longs: Number, defaults: true },
  );
}
