import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { atMost, compare, type Result } from './measure.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * How long Node takes to load each function's bundle, against a bundle of the DynamoDB client alone, made
 * with the same options.
 */
export async function coldBenchmarks(): Promise<Result[]> {
  const builder = join(root, 'lib/bundles.ts');
  if (!existsSync(builder)) return [];
  const folder = mkdtempSync(join(root, 'dist-bench-'));
  try {
    const { buildBundles } = (await import(builder)) as { buildBundles: (outdir: string) => unknown };
    buildBundles(folder);
    const bare = join(folder, 'bare.cjs');
    writeFileSync(
      join(folder, 'bare.ts'),
      'import { DynamoDBClient } from "@aws-sdk/client-dynamodb"; import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";\n' +
        'export const handler = DynamoDBDocumentClient.from(new DynamoDBClient({}));\n',
    );
    buildSync({
      entryPoints: [join(folder, 'bare.ts')],
      outfile: bare,
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      mainFields: ['module', 'main'],
      logLevel: 'silent',
    });
    const results: Result[] = [];
    for (const name of readdirSync(folder).filter((each) => existsSync(join(folder, each, 'index.cjs')))) {
      results.push(
        await compare(
          { name: `cold-${name}`, unit: 'ms', goal: '<= 1.3', meets: atMost(1.3) },
          9,
          () => Promise.resolve(load(join(folder, name, 'index.cjs'))),
          () => Promise.resolve(load(bare)),
        ),
      );
    }
    return results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * In a process of its own, from just before it is asked for until it is there. What it says about its
 * environment comes after.
 */
function load(file: string): number {
  const script =
    'const from = performance.now(); try { require(process.argv[1]); } catch (error) { if (!/Environment|environment|variable/.test(String(error))) throw error; } console.log(performance.now() - from);';
  return Number(
    execFileSync(process.execPath, ['-e', script, file], {
      encoding: 'utf8',
      cwd: tmpdir(),
      env: { AWS_REGION: 'us-east-1' },
    }),
  );
}
