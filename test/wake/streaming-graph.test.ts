import { describe, expect, test } from "bun:test";
import type { StreamingShape } from "../../src/wake/embedding-chain.ts";
import { type Graph, type Node, readModel } from "../../src/wake/onnx/model.ts";
import { floatTensor } from "../../src/wake/onnx/tensor.ts";
import { integerField } from "../../src/wake/onnx/wire.ts";
import { streamingGraph } from "../../src/wake/streaming-graph.ts";
import { changed, modelBytes, regraphed } from "./model-bytes.ts";

const SHAPE: StreamingShape = { windowFrames: 76, hopFrames: 8, bands: 32, embeddingSize: 96 };
const published = await modelBytes("embedding_model.onnx");
const head = await modelBytes("alexa_v0.1.onnx");

/** The graph with one of its operators replaced. */
function withNode(name: string, change: (node: Node) => Node): Uint8Array {
  return regraphed(published, (graph) => ({
    ...graph,
    nodes: graph.nodes.map((node) => (node.name === name ? change(node) : node)),
  }));
}

/** AttributeProto: its integers are field 8, its type is field 20, and 7 says that it has integers. */
const integersAttribute = (name: string, values: readonly number[]) => ({
  name,
  rest: [...values.map((value) => integerField(8, value)), integerField(20, 7)],
});

const withAttribute = (name: string, attribute: string, values: readonly number[]): Uint8Array =>
  withNode(name, (node) => ({
    ...node,
    attributes: [...node.attributes.filter((one) => one.name !== attribute), integersAttribute(attribute, values)],
  }));

test("the published graph keeps the rows before its eleven convolutions over time", () => {
  const streaming = streamingGraph(published, SHAPE);
  if ("refused" in streaming) throw new Error(streaming.reason);
  expect(streaming).toMatchObject({ cachedOperators: 11, cacheSize: 9472, hopsToSettle: 10 });
  const { graph } = readModel(streaming.bytes);
  expect(graph.inputs.map(({ dims }) => dims)).toEqual([
    ["batch", 1, 8, 32],
    ["batch", 9472],
  ]);
  expect(graph.outputs.map(({ dims }) => dims)).toEqual([
    ["batch", 1, 1, 96],
    ["batch", 9472],
  ]);
});

describe("a graph is refused, with the reason, that", () => {
  const CONV = "model/conv2d_2/Conv2D";
  const MAX = "model/tf.math.maximum_2/Maximum";

  test.each<[string, Uint8Array, string, RegExp]>([
    ["is cut short", published.subarray(0, 1_000_000), "unreadable", /bytes begins at/],
    ["is text", new TextEncoder().encode("this is no model"), "unreadable", /./],
    [
      "pads in time",
      withAttribute(CONV, "pads", [1, 0, 1, 0]),
      "padded_in_time",
      /Conv "model\/conv2d_2.* pads 1, 0, 1, 0/,
    ],
    ["skips rows", withAttribute(CONV, "strides", [4, 1]), "misaligned", /windows of 3 rows every 4/],
    [
      "ends its windows before the last row",
      withAttribute(CONV, "dilations", [2, 1]),
      "misaligned",
      /windows of 2 rows every 2, over 27 rows/,
    ],
    [
      "has an operator that looks at everything",
      withNode(MAX, (node) => ({ ...node, opType: "Softmax" })),
      "unknown_operator",
      /Softmax/,
    ],
    [
      "has an operator of somebody's own",
      withNode(MAX, (node) => ({ ...node, domain: "com.example" })),
      "unknown_operator",
      /standard/,
    ],
    [
      "has a residual",
      withNode(MAX, (node) => ({
        ...node,
        inputs: [...node.inputs, "model/batch_normalization_2/FusedBatchNormV3:0"],
      })),
      "not_a_chain",
      /goes to 2 operators/,
    ],
    [
      "pairs a value with itself",
      withNode(MAX, (node) => ({ ...node, inputs: [node.inputs[0] ?? "", node.inputs[0] ?? ""] })),
      "unknown_operator",
      /pairs/,
    ],
    [
      "treats each row of its window in its own way",
      regraphed(published, (graph) => ({
        ...graph,
        initializers: graph.initializers.map((tensor) =>
          tensor.name === "const_fold_opt__287"
            ? floatTensor(tensor.name, [1, 1, 74, 1], new Float32Array(74))
            : tensor,
        ),
      })),
      "unknown_operator",
      /\[1, 1, 74, 1\]/,
    ],
    [
      "has two outputs",
      regraphed(published, (graph) => ({ ...graph, outputs: [...graph.outputs, ...graph.outputs] })),
      "wrong_shape",
      /2 outputs/,
    ],
    ["is a head", head, "wrong_shape", /\[1, 16, 96\], not 76 frames of 32 bands/],
    [
      "means operators of long ago",
      changed(published, (model) => ({ ...model, opsets: [{ domain: "", version: 8 }] })),
      "unknown_operator",
      /opset 8/,
    ],
  ])("%s", (_, bytes, refused, reason) => {
    expect(streamingGraph(bytes, SHAPE)).toEqual({ refused, reason: expect.stringMatching(reason) } as never);
  });

  test("does not step by the hop", () => {
    expect(streamingGraph(published, { ...SHAPE, hopFrames: 6 })).toMatchObject({ refused: "misaligned" });
    expect(streamingGraph(published, { ...SHAPE, hopFrames: 16 })).toMatchObject({ refused: "wrong_shape" });
  });

  test("makes embeddings of another size", () => {
    expect(streamingGraph(published, { ...SHAPE, embeddingSize: 128 })).toMatchObject({ refused: "wrong_shape" });
  });
});

test("constants are found as initializers and as Constant nodes alike", () => {
  const asNodes = (graph: Graph): Graph => ({
    ...graph,
    initializers: graph.initializers.filter(({ name }) => name !== "const_fold_opt__287"),
    nodes: [
      {
        opType: "Constant",
        domain: "",
        name: "a constant",
        inputs: [],
        outputs: ["const_fold_opt__287"],
        // AttributeProto: a tensor of one float, -0.4, without dimensions.
        attributes: [
          { name: "value", rest: [{ number: 5, wire: 2, bytes: Uint8Array.of(16, 1, 74, 4, 0xcd, 0xcc, 0xcc, 0xbe) }] },
        ],
        rest: [],
      },
      ...graph.nodes,
    ],
  });
  expect(streamingGraph(regraphed(published, asNodes), SHAPE)).toMatchObject({ cacheSize: 9472 });
});
