import type { Commit } from '../git/commit.js';

/** In bytes. Of what is shorter it takes less room to keep it than time to copy the parts. */
const longMessage = 4096;

/** Whether what is kept of a commit should not keep its message. */
export const isLong = ({ message }: Commit): boolean => message.byteLength > longMessage;

/** A copy that shares no text with what it was taken from: a title that was cut out of a message keeps all of the message in memory. */
export const standingAlone = <T extends object | string>(value: T): T => structuredClone(value);
