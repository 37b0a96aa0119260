import type { IRole } from 'aws-cdk-lib/aws-iam';

/** Who may do what to an engine. */
export interface EngineRights {
  /** Makes the resources of a run, sees whether they serve, and lets them follow demand. */
  allowProvision(to: IRole): void;
  allowScale(to: IRole): void;
  /** Takes the resources of a run away. */
  allowRelease(to: IRole): void;
  allowDetect(to: IRole): void;
  /** Lists what there is, of anybody's, and reads the tags of what looks like ours. */
  allowAudit(to: IRole): void;
  /** Looks at what callers name, and keeps a copy. */
  allowImport(to: IRole): void;
  /** Removes what is kept for a version. */
  allowDiscard(to: IRole): void;
}

/** Who may do what to a trainer. */
export interface TrainerRights {
  allowTrain(to: IRole): void;
  /** Ends what trains a version. */
  allowEnd(to: IRole): void;
  /** Sees how a training goes, ends it, and keeps what came of it. */
  allowSettle(to: IRole): void;
}

/** The rights to several engines together: which of them has a model, its own row says. */
export const joinEngines = (...engines: readonly EngineRights[]): EngineRights => ({
  allowProvision: (to) => engines.forEach((each) => each.allowProvision(to)),
  allowScale: (to) => engines.forEach((each) => each.allowScale(to)),
  allowRelease: (to) => engines.forEach((each) => each.allowRelease(to)),
  allowDetect: (to) => engines.forEach((each) => each.allowDetect(to)),
  allowAudit: (to) => engines.forEach((each) => each.allowAudit(to)),
  allowImport: (to) => engines.forEach((each) => each.allowImport(to)),
  allowDiscard: (to) => engines.forEach((each) => each.allowDiscard(to)),
});

export const joinTrainers = (...trainers: readonly TrainerRights[]): TrainerRights => ({
  allowTrain: (to) => trainers.forEach((each) => each.allowTrain(to)),
  allowEnd: (to) => trainers.forEach((each) => each.allowEnd(to)),
  allowSettle: (to) => trainers.forEach((each) => each.allowSettle(to)),
});
