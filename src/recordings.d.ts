/** Imported with `type: "file"`: the path of the file, beside the sources or inside the compiled binary. */
declare module "*.wav" {
  const path: string;
  export default path;
}
declare module "*.flac" {
  const path: string;
  export default path;
}
