/** What people are shown of the running nodes: the state behind the sidebar. */
export * from './board';
