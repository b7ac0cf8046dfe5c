export default {
  hfer: {
    input: { target: "./openapi.json" },
    output: { target: "./orval/hfer.ts", client: "fetch", baseUrl: { runtime: "process.env.HFER_URL" } },
  },
};
