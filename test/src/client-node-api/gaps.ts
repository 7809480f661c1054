// What of the generated API a server of 1.36 does not answer with success, and why.

/** Classes whose group versions a server of 1.36 does not serve by default: every method is answered with 404. */
export const notServed: Readonly<Record<string, string>> = {
  AdmissionregistrationV1alpha1Api: "alpha",
  AdmissionregistrationV1beta1Api: "beta, off by default",
  CertificatesV1alpha1Api: "alpha",
  CertificatesV1beta1Api: "beta, off by default",
  CoordinationV1alpha2Api: "alpha",
  CoordinationV1beta1Api: "beta, off by default",
  InternalApiserverApi: "alpha only",
  InternalApiserverV1alpha1Api: "alpha",
  LogsApi: "off by default",
  NetworkingV1beta1Api: "beta, off by default",
  ResourceV1alpha3Api: "alpha",
  ResourceV1beta1Api: "beta, off by default",
  ResourceV1beta2Api: "beta, off by default",
  StorageV1alpha1Api: "alpha",
  StorageV1beta1Api: "beta, off by default",
  StoragemigrationApi: "beta only, off by default",
  StoragemigrationV1alpha1Api: "gone",
};

/** As notServed, for now. */
export const notBuilt: Readonly<Record<string, string>> = {
  ApiextensionsApi: "custom resources are not built yet",
  ApiextensionsV1Api: "custom resources are not built yet",
};

interface Answer {
  /** Of the methods' names. */
  methods: RegExp;
  code: number;
  why: string;
}

/** What is no success here and with upstream alike: there is no kubelet, and the generated client cannot upgrade a connection. */
export const answers: readonly Answer[] = [
  {
    methods: /^connect(Get|Post)NamespacedPod(Attach|Exec|Portforward)$|^readNamespacedPodLog$/,
    code: 400,
    why: "the Pod is on no node",
  },
  {
    methods: /^connect\w+NamespacedPodProxy(WithPath)?$/,
    code: 400,
    why: "the Pod has no address",
  },
  {
    methods: /^connect\w+NamespacedServiceProxy(WithPath)?$/,
    code: 503,
    why: "nothing is behind the Service",
  },
  { methods: /^connect\w+NodeProxy(WithPath)?$/, code: 500, why: "the node has no address" },
];
