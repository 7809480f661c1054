import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{shared,apiserver,scheduler,controller-manager,kubelet,cli,test}/src/**/*.test.ts"],
    testTimeout: 20_000,
  },
});
