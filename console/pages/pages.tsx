import type { ReactNode } from 'react';
import Box from '@cloudscape-design/components/box';
import Link from '@cloudscape-design/components/link';
import { datasetName } from '../parts/dataset-type.ts';
import { to } from '../parts/route.ts';
import { CreateDataset } from './create-dataset.tsx';
import { Dataset } from './dataset.tsx';
import { LabelPictures } from './label.tsx';
import { ImportModel, TrainModel } from './new-model.tsx';
import { Model } from './model.tsx';
import { Project } from './project.tsx';
import { Projects } from './projects.tsx';

interface Page {
  readonly title: string;
  readonly crumbs: readonly { readonly text: string; readonly path: readonly string[] }[];
  readonly page: ReactNode;
}

/** Which page an address means. */
export function pageOf(route: readonly string[]): Page {
  const [first = 'projects', project, kind, name, more] = route;
  const projects = { text: 'Projects', path: ['projects'] };
  if (first !== 'projects') return missing([projects]);
  if (project === undefined) return { title: 'Projects', crumbs: [projects], page: <Projects /> };
  const crumbs = [projects, { text: project, path: ['projects', project] }];
  const below = (title: string, page: ReactNode): Page => ({
    title,
    crumbs: [...crumbs, { text: title, path: route }],
    page,
  });
  if (kind === undefined)
    return { title: project, crumbs, page: <Project key={project} project={project} /> };
  if (kind === 'train') return below('Train a model', <TrainModel project={project} />);
  if (kind === 'import') return below('Import a model', <ImportModel project={project} />);
  if (kind === 'models' && name !== undefined)
    return below(`Version ${name}`, <Model key={`${project}/${name}`} project={project} version={name} />);
  if (kind === 'datasets' && (name === 'train' || name === 'test')) {
    const title = datasetName(name);
    if (more === 'label')
      return below(
        `Label: ${title.toLowerCase()}`,
        <LabelPictures key={name} project={project} type={name} />,
      );
    return more === 'create'
      ? below(`Create ${title.toLowerCase()}`, <CreateDataset key={name} project={project} type={name} />)
      : below(title, <Dataset key={`${project}/${name}`} project={project} type={name} />);
  }
  return missing(crumbs);
}

const missing = (crumbs: Page['crumbs']): Page => ({
  title: 'Not found',
  crumbs,
  page: (
    <Box padding="xxl" textAlign="center">
      <Box variant="h1">There is no such page</Box>
      <Link href={to('projects')}>All projects</Link>
    </Box>
  ),
});
