import { foreignReason } from '../../domain/foreign-reason.ts';

/** What would do, by what the runtime found. The first that fits wins. */
const userMessages: readonly (readonly [when: RegExp, remedy: string])[] = [
  [/Unsupported model IR version/i, 'Export it with an IR version that is supported'],
  [
    /Opset \d+ is under development|No Op registered for/i,
    'Export it for a released operator set (17 is safe)',
  ],
  [/Protobuf parsing failed|does not have a graph/i, 'The file is damaged or no ONNX model: copy it again'],
  [
    /ShapeInferenceError|Incompatible dimensions|cannot be reshaped|Got invalid dimensions|INVALID_ARGUMENT/i,
    'The shapes within the graph do not fit each other: check the export with onnx.checker, at the size ' +
      'in input',
  ],
  [/bad_alloc|Failed to allocate memory/i, 'It needs more memory than there is: export a smaller model'],
];

/** The words of ONNX Runtime, whole, and what would do: the end of a sentence. */
export function runtimeReason(error: unknown): string {
  const found = foreignReason(error)
    .replace(/^Load model from \S+?(?: failed)?: ?/, '')
    .replace(/[.\s]+$/, '');
  const remedy = userMessages.find(([when]) => when.test(found))?.[1];
  return remedy === undefined ? found : `${found}. ${remedy}`;
}
