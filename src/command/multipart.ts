/** multipart/form-data (RFC 7578), made by hand so that the sound in it can be wiped when it has been sent. */

export interface Part {
  readonly name: string;
  readonly content: string | Uint8Array;
  /** With a file's name its content is a file. */
  readonly file?: { readonly name: string; readonly type: string };
  /** Of what is no file. */
  readonly type?: string;
}

export interface Multipart {
  readonly contentType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** @param parts names and types are the program's own: nothing in them is escaped */
export function multipart(parts: readonly Part[]): Multipart {
  const boundary = `earshot-${crypto.randomUUID()}`;
  const pieces = parts.flatMap(({ name, content, file, type }) => [
    bytesOf(
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${file === undefined ? "" : `; filename="${file.name}"`}\r\n` +
        `${(file?.type ?? type) === undefined ? "" : `content-type: ${file?.type ?? type}\r\n`}\r\n`,
    ),
    typeof content === "string" ? bytesOf(content) : content,
    bytesOf("\r\n"),
  ]);
  pieces.push(bytesOf(`--${boundary}--\r\n`));
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes };
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
