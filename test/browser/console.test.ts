import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DescribeModelCommand, ListProjectsCommand } from '@aws-sdk/client-lookoutvision';
import { createFolderObjects } from '../../lambdas/local/folder-objects.ts';
import { writeDataset } from '../../lambdas/local/samples/dataset.ts';
import { writeSamples } from '../../lambdas/local/samples/write-samples.ts';
import { HostProcess } from '../helpers/host-process.ts';
import { where } from '../helpers/where.ts';
import { hasChromium, openBrowser, type Browser } from './chromium.ts';

// The console as a person uses it: on the host of `npm start`, in a real browser, from an empty host to a
// verdict.

/** What a person sees in 60 seconds, on a machine that does other things too. */
const patient = { timeout: 60_000 };

/** Until a gallery's first pictures are there. The page's policy forbids playwright's own way to wait. */
async function loaded(page: Page, count: number): Promise<void> {
  const until = Date.now() + patient.timeout;
  const widths = `[...document.images].slice(0, ${count}).map((each) => each.naturalWidth)`;
  for (;;) {
    const found = await page.evaluate<readonly number[]>(widths);
    if (found.length === count && found.every((width) => width > 0)) return;
    if (Date.now() > until) throw new Error(`The widths of the pictures are ${found.join(', ')}.`);
    await sleep(100);
  }
}

where(hasChromium, 'chromium from Debian').describe('the console', () => {
  let host: HostProcess;
  let folder: string;
  let browser: Browser;
  let page: Page;
  let unseen: Readonly<Record<'good' | 'scratch', string>>;
  let test1: { readonly anomaly: readonly string[] };
  /** Scripts that fail, what the page's policy forbids, requests to elsewhere. */
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'crowsnest-console-'));
    const objects = createFolderObjects(join(folder, 's3'));
    ({ test: test1 } = await writeSamples(objects));
    ({ unseen } = await writeDataset(objects));
    host = await HostProcess.start(folder);
    browser = await openBrowser();
    page = await browser.context.newPage();
    page.setDefaultTimeout(patient.timeout);
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (said) => {
      if (said.type() === 'error') complaints.push(said.text());
    });
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol.startsWith('http') && origin !== host.url) complaints.push(`asked ${request.url()}`);
    });
  });
  afterAll(async () => {
    await browser.close();
    host.child.kill('SIGTERM');
    await host.ended;
    rmSync(folder, { recursive: true, force: true });
  });

  const picture = (key: string): string => join(folder, 's3/crowsnest-samples', key);
  const button = (name: string | RegExp) => page.getByRole('button', { name, exact: true });
  const describe = async (version: string) =>
    (await host.client.send(new DescribeModelCommand({ ProjectName: 'plates', ModelVersion: version })))
      .ModelDescription;

  test('is where a browser is led that asks for the host', async () => {
    await page.goto(host.url);
    await page.getByText('No projects', { exact: true }).waitFor();
    expect(page.url()).toBe(`${host.url}/console/`);
    expect(await page.title()).toBe('Crowsnest');
  });

  test('makes a project', async () => {
    await button('Create project').first().click();
    await page.getByLabel('Project name').fill('not a name');
    await page.getByText(/^Letters, digits, hyphens and underscores, 255/).waitFor();
    await page.getByLabel('Project name').fill('plates');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'plates', level: 1 }).waitFor();
    const { Projects = [] } = await host.client.send(new ListProjectsCommand({}));
    expect(Projects.map(({ ProjectName }) => ProjectName)).toEqual(['plates']);
  });

  test('makes a dataset of folders, and shows its pictures', async () => {
    await page.getByRole('link', { name: 'Create test dataset' }).click();
    await page.getByRole('radio', { name: /^Folders in S3/ }).check();
    await page.getByLabel('Folder of normal pictures').fill('s3://crowsnest-samples/parts/test/normal/');
    await page.getByLabel('Folder of anomalous pictures').fill('s3://crowsnest-samples/parts/test/anomaly');
    await button('Create dataset').click();
    await page.getByText('6 normal, 8 anomalous, 0 unlabelled').waitFor();
    const shown = page.locator('img.picture');
    await shown.first().waitFor();
    expect(await shown.count()).toBe(14);
    await loaded(page, 4);
  });

  test('makes a dataset of a manifest, and turns its pages', async () => {
    await page.goto(`${host.url}/console/#/projects/plates/datasets/train/create`);
    await page.getByRole('radio', { name: /^A manifest in S3/ }).check();
    await page
      .getByRole('textbox', { name: 'Manifest' })
      .fill('s3://crowsnest-samples/parts/dataset/train.manifest');
    await button('Create dataset').click();
    await page.getByText('20 normal, 40 anomalous, 0 unlabelled').waitFor();
    await page.getByRole('img', { name: /^good-01\.jpg/ }).waitFor();
    await button(/Next page/).click();
    await page.getByRole('img', { name: /^scratch-05\.jpg/ }).waitFor();
    await page.getByLabel('Find by name').fill('stain-07');
    await page.getByRole('img', { name: /^scratch-05\.jpg/ }).waitFor({ state: 'detached' });
    await page.getByRole('img', { name: 'stain-07.jpg, anomaly' }).waitFor();
    expect(await page.locator('img.picture').count()).toBe(1);
  });

  test('labels what is selected, by the keyboard too', async () => {
    await page.getByRole('checkbox', { name: 'Select stain-07.jpg' }).check();
    await page.keyboard.press('n');
    await page.getByText('21 normal, 39 anomalous, 0 unlabelled').waitFor();
  });

  test('adds pictures that are dropped', async () => {
    await button('Add pictures').click();
    const places = page.locator('input[type=file]');
    await places.nth(0).setInputFiles(picture(unseen.good));
    await places.nth(2).setInputFiles(picture(unseen.scratch));
    await button('Add 2 pictures').click();
    await page.getByText('22 normal, 39 anomalous, 1 unlabelled').waitFor();
    await page.getByRole('radio', { name: 'Unlabelled' }).or(button('Unlabelled')).first().click();
    await page.getByRole('img', { name: /scratch\.jpg, unlabelled/ }).waitFor();
  });

  test('labels one picture after the other by the keyboard alone', async () => {
    await button('Label 1').click();
    await page.getByText('1 of 1 in this round').waitFor();
    await page.getByRole('img', { name: /scratch\.jpg/ }).waitFor();
    await page.keyboard.press('n');
    await page.getByText(/^That was the last one/).waitFor();
    await page.keyboard.press('ArrowLeft'); // on second thoughts
    await page.keyboard.press('a');
    await button('Save 1').click();
    await page.getByText('22 normal, 40 anomalous, 0 unlabelled').waitFor();
  });

  test('imports a model, starts it, shows its verdict of a picture, and stops it', async () => {
    await page.goto(`${host.url}/console/#/projects/plates/import`);
    await button('Import model').click();
    await page.getByText('Trained', { exact: true }).waitFor();
    await button('Start').click();
    await button('Start model').click();
    await button('Choose a picture').waitFor();
    expect(await describe('1')).toMatchObject({ Status: 'HOSTED', MinInferenceUnits: 1 });

    await page.locator('input[type=file]').setInputFiles(picture(test1.anomaly[0] ?? ''));
    await page.getByTestId('verdict').getByText('Anomaly').waitFor();
    await page.getByText(/^Confidence \d+\.\d %/).waitFor();
    const table = page.getByRole('table', { name: 'What was found' });
    expect(await table.innerText()).toMatch(/defect\s+\d+\.\d %/);
    const canvas = page.getByRole('img', { name: /, which is an anomaly$/ });
    expect(Number(await canvas.getAttribute('width'))).toBeGreaterThan(64);

    await button('Stop').click();
    await page.getByText('Trained', { exact: true }).waitFor();
    expect(await describe('1')).toMatchObject({ Status: 'TRAINED' });
  });

  test('deletes only what is confirmed', async () => {
    await page.goto(`${host.url}/console/#/projects/plates`);
    await button('Delete version 1').click();
    const sure = page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true });
    expect(await sure.isDisabled()).toBe(true);
    await page.getByLabel('To confirm, type "delete"').fill('delete');
    await sure.click();
    await page.getByText('No models yet.').waitFor();
  });

  test('says what the API said', async () => {
    await page.goto(`${host.url}/console/#/projects/nowhere`);
    await page.getByText('ResourceNotFoundException').first().waitFor();
  });

  test('did nothing that the page may not do, and asked nobody else', () => {
    expect(complaints.filter((each) => !each.includes('404'))).toEqual([]);
  });
});

where(hasChromium, 'chromium from Debian').describe('the console of a host with keys', () => {
  let host: HostProcess;
  let folder: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'crowsnest-console-'));
    const objects = createFolderObjects(join(folder, 's3'));
    await writeSamples(objects);
    host = await HostProcess.start(folder, {
      CROWSNEST_KEYS: JSON.stringify([
        { accessKeyId: 'AKPERSON', secretAccessKey: 'a secret', name: 'person' },
      ]),
    });
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    host.child.kill('SIGTERM');
    await host.ended;
    rmSync(folder, { recursive: true, force: true });
  });

  test('asks for a key, signs with it, and forgets it with the tab', async () => {
    const page = await browser.context.newPage();
    page.setDefaultTimeout(patient.timeout);
    await page.goto(`${host.url}/console`);
    await page.getByLabel('Access key ID').fill('AKPERSON');
    await page.getByLabel('Secret access key').fill('another secret');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('AccessDeniedException').waitFor();
    await page.getByLabel('Secret access key').fill('a secret');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('No projects', { exact: true }).waitFor();

    await page.getByRole('button', { name: 'Create project' }).first().click();
    await page.getByLabel('Project name').fill('signed');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'signed', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Create training dataset' }).click();
    await page.getByRole('radio', { name: /^Folders in S3/ }).check();
    await page.getByLabel('Folder of normal pictures').fill('s3://crowsnest-samples/parts/train/normal/');
    await page.getByRole('button', { name: 'Create dataset' }).click();
    await page.locator('img.picture').first().waitFor();
    await loaded(page, 1);
    expect(await page.evaluate('document.cookie + JSON.stringify(localStorage)')).not.toContain('secret');

    const other = await browser.context.newPage();
    await other.goto(`${host.url}/console/#/projects/signed`);
    await other.getByLabel('Access key ID').waitFor(patient);
    await page.getByRole('button', { name: /^Sign out/ }).click();
    await page.getByLabel('Access key ID').waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
  });
});
