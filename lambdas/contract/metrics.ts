/**
 * The original service's metrics, under its names, and a few that watch over this one. Counts, except `Time`,
 * which is milliseconds.
 */
export type MetricName =
  | 'SuccessfulRequestCount'
  | 'ErrorCount'
  | 'ThrottledCount'
  | 'ProcessedImageCount'
  | 'InvalidImageCount'
  | 'DetectedAnomalyCount'
  | 'Time'
  | 'MinInferenceUnits'
  | 'MaxInferenceUnits'
  | 'InServiceInferenceUnits'
  | 'DueRows'
  | 'SweepFailures'
  | 'ReportOnly'
  | 'RunningModels'
  | 'UnknownResources'
  | 'LeftoverResources'
  | 'HostingFailures'
  | 'QuotaRefusals'
  | 'HostingDrift'
  | 'TrainingFailures'
  | 'ImportFailures'
  | 'DrainWaiting'
  | 'DrainFailures'
  | 'Takeovers';

/**
 * Two stages may share an account; with the dimensions of the original service only the namespace is left to
 * tell them apart.
 */
export const namespaceOf = (stage: string): string => `Crowsnest/${stage}`;
