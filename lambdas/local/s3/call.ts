import type { FileHandle } from 'node:fs/promises';
import type { S3Action } from './actions.ts';
import type { Body } from './body.ts';
import type { BucketFolder } from './bucket-folder.ts';
import type { Range } from './conditions.ts';
import type { S3Request } from './request.ts';
import type { Uploads } from './uploads.ts';
import { xmlOf, type XmlElements } from './xml.ts';

/** A request whose caller is known, and what it is served with. */
export interface S3Call {
  readonly request: S3Request;
  readonly objects: BucketFolder;
  readonly uploads: Uploads;
  readonly region: string;
  readonly body: Body;
  /** A body that is a document; what is held of all of them is bounded. */
  readonly document: () => Promise<string>;
  /**
   * @param bucket the one of the request, unless another is named
   * @throws S3Error AccessDenied
   */
  readonly authorize: (action: S3Action, bucket?: string) => void;
  /** Whether the caller may name a bucket. */
  readonly reaches: (bucket: string) => boolean;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Sent instead of a body, and closed by whoever sends it. */
  readonly file?: { readonly handle: FileHandle; readonly range?: Range };
}

export const documentAnswer = (root: string, elements: XmlElements): S3Answer => ({
  status: 200,
  headers: { 'Content-Type': 'application/xml' },
  body: xmlOf(root, elements),
});

export const emptyAnswer = (status: number, headers: S3Answer['headers'] = {}): S3Answer => ({
  status,
  headers,
  body: '',
});
