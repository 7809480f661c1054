// The gRPC packages in one place, so that they become a bundle of their own (scripts/build.mjs) that only `--store etcd` loads.
export * as grpc from "@grpc/grpc-js";
export { fromJSON } from "@grpc/proto-loader";
