/** A screen of its own on a terminal: what was there before comes back when it is closed. */
export interface Screen {
  /** Shows these lines, as many as the terminal has and none longer. What is shown already is not written again. */
  paint(lines: readonly string[]): void;
  /** What is there can no longer be relied on, as when the terminal has changed its size: the next lines are written in any case. */
  forget(): void;
  /** For good, or for as long as the process is stopped by Ctrl-Z: {@link Screen.paint} opens it again. */
  close(): void;
}

// xterm's alternate screen, without the cursor.
const enter = '\x1b[?1049h\x1b[?25l';
const leave = '\x1b[?25h\x1b[?1049l';

export function screenOn(stream: NodeJS.WriteStream): Screen {
  let open = false;
  let shown = '';
  return {
    paint(lines) {
      // Erased before it is written: behind a line that fills its row, the cursor still stands on the last character.
      const frame = `\x1b[H${lines.map((line) => `\x1b[K${line}`).join('\r\n')}`;
      if (open && frame === shown) return;
      stream.write(open ? frame : enter + frame);
      open = true;
      shown = frame;
    },
    forget() {
      shown = '';
    },
    close() {
      if (open) stream.write(leave);
      open = false;
    },
  };
}
