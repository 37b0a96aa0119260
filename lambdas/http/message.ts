/** A request and its answer as both hosts see them. */
export interface HttpRequest {
  /** Path labels by their name in the contract, percent-decoded once. */
  readonly labels: Readonly<Record<string, string>>;
  /** Decoded, in order; a list repeats its name. */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
