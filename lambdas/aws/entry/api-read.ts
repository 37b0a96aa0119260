import { serve } from '../../http/api-gateway.ts';
import { readHandlers } from '../../operations/handlers.ts';
import { base, readEnvironment, writeLine } from '../base.ts';
import { measured } from '../measured.ts';
import { s3Urls } from '../s3-urls.ts';

const common = base(readEnvironment('read'));
const context = { ...common, urls: s3Urls(common.clock) };

export const handler = serve(
  { handlers: readHandlers, context },
  context.log,
  measured(context.settings.stage, writeLine),
);
