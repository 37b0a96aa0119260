import type { Verdict } from '../../../domain/verdict.ts';
import { isObject } from '../../../contract/json.ts';

type Json = Readonly<Record<string, unknown>>;

/** The container answered something that is no verdict. The message says what was looked for. */
export class UnknownAnswer extends Error {
  override readonly name = 'UnknownAnswer';
}

/** The first of `names` that the object has. */
function member(object: Json, ...names: readonly string[]): unknown {
  const name = names.find((each) => object[each] !== undefined && object[each] !== null);
  return name === undefined ? undefined : object[name];
}

/**
 * Reads a verdict from what a container answered. The Marketplace algorithm gives the members of
 * DetectAnomalyResult bare; containers that were written for the old service wrap them; the runtime on edge
 * devices writes them in lower case and under names of its own.
 * @throws UnknownAnswer
 */
export function readAnswer(body: Uint8Array): Verdict {
  const root = unwrapped(parse(body));
  const anomalies = areas(member(root, 'Anomalies', 'anomalies'));
  const mask = png(member(root, 'AnomalyMask', 'anomaly_mask', 'mask'));
  return {
    isAnomalous: judgement(root),
    confidence: confidence(root),
    ...(anomalies !== undefined && { anomalies }),
    ...(mask !== undefined && { mask }),
  };
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new UnknownAnswer(`The model answered ${body.length} bytes that are not JSON.`);
  }
}

function unwrapped(answer: unknown): Json {
  const one: unknown = Array.isArray(answer) && answer.length === 1 ? answer[0] : answer;
  const inner = isObject(one) ? (member(one, 'DetectAnomalyResult', 'detect_anomaly_result') ?? one) : one;
  if (!isObject(inner)) throw new UnknownAnswer('The model answered JSON that is not an object.');
  return inner;
}

function judgement(root: Json): boolean {
  const stated = member(root, 'IsAnomalous', 'is_anomalous', 'isAnomalous', 'label');
  if (typeof stated === 'boolean') return stated;
  if (stated === 1 || stated === 0) return stated === 1;
  const word = typeof stated === 'string' ? stated.toLowerCase() : '';
  if (['anomaly', 'anomalous', 'true', '1'].includes(word)) return true;
  if (['normal', 'false', '0'].includes(word)) return false;
  throw new UnknownAnswer(
    "The model's answer states neither IsAnomalous nor a label: it has the members " +
      `${Object.keys(root).join(', ') || '(none)'}.`,
  );
}

function confidence(root: Json): number {
  const stated = member(root, 'Confidence', 'confidence', 'score');
  if (typeof stated !== 'number' || !(stated >= 0 && stated <= 1))
    throw new UnknownAnswer("The model's answer has no Confidence between 0 and 1.");
  return stated;
}

const white = '#FFFFFF';

/** Areas as fractions, the background first; a background that is not mentioned is what the others leave. */
function areas(stated: unknown): Verdict['anomalies'] {
  if (stated === undefined) return undefined;
  if (!Array.isArray(stated)) throw new UnknownAnswer('Anomalies must be a list.');
  const found = stated.map(area);
  const total = found.reduce((sum, each) => sum + each.area, 0);
  // The member is called a percentage, and the old service put fractions there: containers do either.
  const all = total > 1.5 ? found.map((each) => ({ ...each, area: each.area / 100 })) : found;
  const isBackground = ({ name }: { readonly name: string }): boolean => name.toLowerCase() === 'background';
  const rest = all.filter((each) => !isBackground(each));
  const left = 1 - rest.reduce((sum, each) => sum + each.area, 0);
  return [all.find(isBackground) ?? { name: 'background', area: Math.max(0, left), color: white }, ...rest];
}

function area(each: unknown): { readonly name: string; readonly area: number; readonly color: string } {
  const pixels = isObject(each) ? (member(each, 'PixelAnomaly', 'pixel_anomaly') ?? each) : undefined;
  const name = isObject(each) ? member(each, 'Name', 'name', 'label') : undefined;
  const size = isObject(pixels) ? member(pixels, 'TotalPercentageArea', 'total_percentage_area') : undefined;
  if (!isObject(pixels) || typeof name !== 'string' || typeof size !== 'number' || !(size >= 0)) {
    throw new UnknownAnswer(
      'Each of Anomalies must have a Name and a PixelAnomaly with TotalPercentageArea, 0 or more.',
    );
  }
  return { name, area: size, color: color(member(pixels, 'Color', 'hex_color', 'color'), name) };
}

/** A colour only paints: a verdict is not refused for want of one. */
function color(stated: unknown, name: string): string {
  const [, digits] = (typeof stated === 'string' ? /^#?([0-9a-fA-F]{6})$/.exec(stated) : null) ?? [];
  return digits === undefined ? (name.toLowerCase() === 'background' ? white : '#000000') : `#${digits}`;
}

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

function png(stated: unknown): Uint8Array | undefined {
  if (stated === undefined || stated === '') return undefined;
  const text = isObject(stated) ? member(stated, 'byte_data', 'data') : stated;
  const bytes =
    typeof text === 'string'
      ? Buffer.from(text.replace(/^data:image\/png;base64,/, ''), 'base64')
      : undefined;
  if (bytes === undefined || !pngSignature.every((byte, index) => bytes[index] === byte))
    throw new UnknownAnswer('AnomalyMask must be a PNG in base64.');
  return new Uint8Array(bytes);
}
