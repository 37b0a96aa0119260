import { useState } from 'react';
import { useCollection } from '@cloudscape-design/collection-hooks';
import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import Link from '@cloudscape-design/components/link';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { call } from '../api/client.ts';
import { everyPage } from '../api/every-page.ts';
import type { Output } from '../../lambdas/contract/operations.ts';
import { DeleteDialog } from '../parts/delete.tsx';
import { FormDialog } from '../parts/form-dialog.tsx';
import { useAction, useLoad } from '../parts/load.ts';
import { useNotice } from '../parts/notices.tsx';
import { go, to } from '../parts/route.ts';
import { when } from '../parts/status.tsx';
import { Trouble } from '../parts/trouble.tsx';

type Listed = NonNullable<Output<'ListProjects'>['Projects']>[number];

const listProjects = (): Promise<Listed[]> =>
  everyPage(async (NextToken) => {
    const { Projects = [], NextToken: next } = await call('ListProjects', { NextToken, MaxResults: 100 });
    return { items: Projects, next };
  });

export function Projects() {
  const { data = [], error, loading, reload } = useLoad(listProjects, 'projects');
  const [dialog, setDialog] = useState<'create' | 'delete'>();
  const say = useNotice();
  const { items, collectionProps, filterProps, paginationProps, filteredItemsCount } = useCollection(data, {
    filtering: {
      empty: (
        <Box padding="l" textAlign="center">
          <SpaceBetween size="m">
            <div>
              <b>No projects</b>
              <Box color="text-body-secondary">
                A project holds the pictures of one kind of part, and the models that are trained from them.
              </Box>
            </div>
            <Button onClick={() => setDialog('create')}>Create project</Button>
          </SpaceBetween>
        </Box>
      ),
      noMatch: <Box padding="l">No project has this in its name.</Box>,
      filteringFunction: ({ ProjectName = '' }, text) =>
        ProjectName.toLowerCase().includes(text.trim().toLowerCase()),
    },
    pagination: { pageSize: 25 },
    sorting: { defaultState: { sortingColumn: { sortingField: 'ProjectName' } } },
    selection: { trackBy: 'ProjectName' },
  });
  const [selected] = collectionProps.selectedItems ?? [];
  const name = selected?.ProjectName ?? '';
  return (
    <SpaceBetween size="m">
      <Trouble error={error} retry={reload} />
      <Table
        {...collectionProps}
        variant="full-page"
        items={items}
        loading={loading && data.length === 0}
        loadingText="Loading projects"
        selectionType="single"
        trackBy="ProjectName"
        ariaLabels={{
          tableLabel: 'Projects',
          selectionGroupLabel: 'Choose a project',
          itemSelectionLabel: (_, { ProjectName = '' }) => ProjectName,
        }}
        columnDefinitions={[
          {
            id: 'name',
            header: 'Name',
            sortingField: 'ProjectName',
            isRowHeader: true,
            cell: ({ ProjectName = '' }) => <Link href={to('projects', ProjectName)}>{ProjectName}</Link>,
          },
          {
            id: 'created',
            header: 'Created',
            sortingField: 'CreationTimestamp',
            cell: ({ CreationTimestamp }) => when(CreationTimestamp),
          },
          { id: 'arn', header: 'ARN', cell: ({ ProjectArn }) => <Box variant="code">{ProjectArn}</Box> },
        ]}
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={`(${data.length})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel="Refresh" onClick={reload} />
                <Button disabled={selected === undefined} onClick={() => setDialog('delete')}>
                  Delete
                </Button>
                <Button variant="primary" onClick={() => setDialog('create')}>
                  Create project
                </Button>
              </SpaceBetween>
            }
          >
            Projects
          </Header>
        }
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder="Find a project"
            filteringAriaLabel="Find a project"
            countText={`${filteredItemsCount ?? 0} found`}
          />
        }
        pagination={<Pagination {...paginationProps} />}
      />
      {dialog === 'create' && <CreateProject close={() => setDialog(undefined)} />}
      {dialog === 'delete' && (
        <DeleteDialog
          what={`project ${name}`}
          consequence="Its datasets and models are deleted with it. Pictures in S3 stay where they are."
          close={() => setDialog(undefined)}
          act={async () => {
            await deleteProject(name);
            say(`Project ${name} is deleted.`);
            reload();
          }}
        />
      )}
    </SpaceBetween>
  );
}

/** The original asks for an empty project: what is in it goes first. */
async function deleteProject(ProjectName: string): Promise<void> {
  const { ProjectDescription } = await call('DescribeProject', { ProjectName });
  const { Models = [] } = await call('ListModels', { ProjectName, MaxResults: 100 });
  for (const { ModelVersion = '' } of Models) await call('DeleteModel', { ProjectName, ModelVersion });
  for (const { DatasetType = '' } of ProjectDescription?.Datasets ?? [])
    await call('DeleteDataset', { ProjectName, DatasetType });
  for (let left = 60; ; left -= 1) {
    const { Models: rest = [] } = await call('ListModels', { ProjectName, MaxResults: 1 });
    if (rest.length === 0 || left === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await call('DeleteProject', { ProjectName });
}

const pattern = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,254}$/;

function CreateProject({ close }: { readonly close: () => void }) {
  const [name, setName] = useState('');
  const doing = useAction(async () => {
    await call('CreateProject', { ProjectName: name });
    go('projects', name);
  });
  const wrong =
    name === '' || pattern.test(name)
      ? undefined
      : 'Letters, digits, hyphens and underscores, 255 at most; the first is a letter or a digit.';
  const ready = name !== '' && wrong === undefined;
  return (
    <FormDialog header="Create project" action="Create project" ready={ready} doing={doing} close={close}>
      <FormField
        label="Project name"
        description="One project for each kind of part that is looked at in the same way."
        constraintText="Letters, digits, hyphens and underscores."
        errorText={wrong}
      >
        <Input
          value={name}
          autoFocus
          placeholder="bolts-line-1"
          onChange={({ detail }) => setName(detail.value)}
          onKeyDown={({ detail }) => detail.key === 'Enter' && ready && doing.run()}
        />
      </FormField>
    </FormDialog>
  );
}
