import { useEffect, useState, useSyncExternalStore } from 'react';
import AppLayout from '@cloudscape-design/components/app-layout';
import Box from '@cloudscape-design/components/box';
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import SideNavigation, { type SideNavigationProps } from '@cloudscape-design/components/side-navigation';
import Spinner from '@cloudscape-design/components/spinner';
import TopNavigation from '@cloudscape-design/components/top-navigation';
import { currentKey, loadSettings, onKeyChange, settings, signOut } from './api/session.ts';
import { useLoad } from './parts/load.ts';
import { useNotices } from './parts/notices.tsx';
import { to, useRoute } from './parts/route.ts';
import { isDark, toggleTheme } from './parts/theme.ts';
import { Trouble } from './parts/trouble.tsx';
import { pageOf } from './pages/pages.tsx';
import { SignIn } from './pages/sign-in.tsx';

export function App() {
  const { data, error, reload } = useLoad(loadSettings, 'settings');
  if (data === undefined)
    return (
      <Box padding="xxl" textAlign="center">
        {error === undefined ? <Spinner size="large" /> : <Trouble error={error} retry={reload} />}
      </Box>
    );
  return <Shell />;
}

const keyId = (): string => currentKey()?.accessKeyId ?? '';

function Shell() {
  const route = useRoute();
  const key = useSyncExternalStore(onKeyChange, keyId);
  const [dark, setDark] = useState(isDark());
  const { bar, within } = useNotices();
  const mustSignIn = settings().keys && key === '';
  const { title, crumbs, page } = pageOf(route);
  useEffect(() => {
    document.title = title === 'Projects' ? 'Crowsnest' : `${title} – Crowsnest`;
  }, [title]);
  return (
    <>
      <div id="top">
        <TopNavigation
          identity={{ href: to('projects'), title: 'Crowsnest' }}
          utilities={[
            {
              type: 'button',
              text: dark ? 'Light mode' : 'Dark mode',
              onClick: () => {
                toggleTheme();
                setDark(isDark());
              },
            },
            ...(key === ''
              ? []
              : [{ type: 'button' as const, text: `Sign out ${key}`, onClick: () => signOut() }]),
          ]}
        />
      </div>
      {within(
        <AppLayout
          headerSelector="#top"
          toolsHide
          navigation={mustSignIn ? undefined : <Navigation route={route} />}
          navigationHide={mustSignIn}
          breadcrumbs={
            mustSignIn || crumbs.length < 2 ? undefined : (
              <BreadcrumbGroup items={crumbs.map(({ text, path }) => ({ text, href: to(...path) }))} />
            )
          }
          notifications={bar}
          content={mustSignIn ? <SignIn /> : page}
        />,
      )}
    </>
  );
}

function Navigation({ route }: { readonly route: readonly string[] }) {
  const [first, project] = route;
  const inProject = first === 'projects' && project !== undefined;
  const items: SideNavigationProps.Item[] = [
    { type: 'link', text: 'Projects', href: to('projects') },
    ...(inProject
      ? [
          {
            type: 'section' as const,
            text: project,
            items: [
              { type: 'link' as const, text: 'Overview', href: to('projects', project) },
              {
                type: 'link' as const,
                text: 'Training dataset',
                href: to('projects', project, 'datasets', 'train'),
              },
              {
                type: 'link' as const,
                text: 'Test dataset',
                href: to('projects', project, 'datasets', 'test'),
              },
              { type: 'link' as const, text: 'Train a model', href: to('projects', project, 'train') },
              { type: 'link' as const, text: 'Import a model', href: to('projects', project, 'import') },
            ],
          },
        ]
      : []),
  ];
  return <SideNavigation activeHref={to(...(route.length === 0 ? ['projects'] : route))} items={items} />;
}
