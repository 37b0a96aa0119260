import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteModelCommand,
  DescribeModelCommand,
  DetectAnomaliesCommand,
  ResourceNotFoundException,
  StartModelCommand,
  StopModelCommand,
  type LookoutVisionClient,
  type ModelDescription,
} from '@aws-sdk/client-lookoutvision';

export interface Verdict {
  readonly anomalous: boolean;
  readonly confidence: number;
}

/** Calls about one project's models, through the original client. */
export class Models {
  readonly client: LookoutVisionClient;
  readonly #project: string;

  constructor(client: LookoutVisionClient, project: string) {
    this.client = client;
    this.#project = project;
  }

  #version(version: string): { ProjectName: string; ModelVersion: string } {
    return { ProjectName: this.#project, ModelVersion: version };
  }

  /** Waits while the version has the passing status. @throws Error if it comes to another one than `wanted` */
  async becomes(version: string, passing: string, wanted: string): Promise<ModelDescription> {
    for (;;) {
      const { ModelDescription: told = {} } = await this.client.send(
        new DescribeModelCommand(this.#version(version)),
      );
      if (told.Status === wanted) return told;
      if (told.Status !== passing)
        throw new Error(`It became ${told.Status ?? 'nothing'}: ${told.StatusMessage ?? ''}`);
      await sleep(250);
    }
  }

  async start(version: string, units: { min: number; max?: number }): Promise<void> {
    await this.client.send(
      new StartModelCommand({
        ...this.#version(version),
        MinInferenceUnits: units.min,
        MaxInferenceUnits: units.max,
      }),
    );
    await this.becomes(version, 'STARTING_HOSTING', 'HOSTED');
  }

  async stop(version: string): Promise<void> {
    await this.client.send(new StopModelCommand(this.#version(version)));
    await this.becomes(version, 'STOPPING_HOSTING', 'TRAINED');
  }

  /** Deletes the version, and waits until it is not there. */
  async delete(version: string): Promise<void> {
    await this.client.send(new DeleteModelCommand(this.#version(version)));
    try {
      await this.becomes(version, 'DELETING', 'gone');
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error;
    }
  }

  async judge(version: string, Body: Uint8Array): Promise<Verdict> {
    const { DetectAnomalyResult: told } = await this.client.send(
      new DetectAnomaliesCommand({ ...this.#version(version), Body, ContentType: 'image/jpeg' }),
    );
    const { IsAnomalous, Confidence } = told ?? {};
    if (IsAnomalous === undefined || Confidence === undefined)
      throw new Error(`This is no verdict: ${JSON.stringify(told)}`);
    return { anomalous: IsAnomalous, confidence: Confidence };
  }
}
