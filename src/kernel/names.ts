import type { State } from '../state-name.js';

export { isRole, maxStateLength, readState, type State } from '../state-name.js';

export const working = 'working' as State;
export const stalled = 'stalled' as State;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const isRunId = (text: string): boolean => uuidPattern.test(text);
