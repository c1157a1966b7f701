// How the page is built and, during development, where its API comes from.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// The real server (`flyonce serve`) or the mock (`npm run dev:mock`).
const api = process.env.FLYONCE_API ?? "http://127.0.0.1:8790";

export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    target: "es2022",
    // The map engine is one chunk of its own, loaded after the first picture.
    chunkSizeWarningLimit: 1300,
  },
  worker: { format: "es" },
  server: { host: "127.0.0.1", proxy: { "/api": api } },
  preview: { host: "127.0.0.1", proxy: { "/api": api } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
