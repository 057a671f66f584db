import { type Phase, phases } from './data.js';

/** Colours of one phase, and how it is told from others without them. */
export interface Look {
  readonly fill: string;
  readonly edge: string;
  readonly text: string;
  readonly pattern: CanvasPattern | null;
}

/** Everything the drawing is coloured with, as the style sheet has it for the theme of the moment. */
export interface Palette {
  readonly phase: Readonly<Record<Phase, Look>>;
  readonly ground: string;
  readonly stripe: string;
  readonly line: string;
  readonly text: string;
  readonly faint: string;
  readonly link: string;
  readonly retry: string;
  readonly takeover: string;
  readonly kept: string;
}

/** Phases that are hatched, so that they can be told apart without colours, and how. */
const hatches: Partial<Record<Phase, 'rising' | 'crossed'>> = { broken: 'rising', stalled: 'crossed', invalid: 'rising' };

/** Reads the colours through an element of the page: only there `light-dark()` has become one of the two. */
export function readPalette(probe: HTMLElement): Palette {
  const read = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const look = (phase: Phase): Look => {
    const text = read(`${phase}-text`);
    const hatch = hatches[phase];
    return {
      fill: read(`${phase}-fill`),
      edge: read(`${phase}-edge`),
      text,
      pattern: hatch === undefined ? null : hatchPattern(hatch, read(`${phase}-hatch`)),
    };
  };
  return {
    phase: Object.fromEntries(phases.map((phase) => [phase, look(phase)])) as Record<Phase, Look>,
    ground: read('ground'),
    stripe: read('stripe'),
    line: read('line'),
    text: read('text'),
    faint: read('faint'),
    link: read('accent'),
    retry: read('retry'),
    takeover: read('takeover'),
    kept: read('kept'),
  };
}

function hatchPattern(kind: 'rising' | 'crossed', colour: string): CanvasPattern | null {
  const size = 8;
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const to = tile.getContext('2d');
  if (to === null) return null;
  to.strokeStyle = colour;
  to.lineWidth = 1.5;
  to.beginPath();
  for (const shift of [-size, 0, size]) {
    to.moveTo(shift, size);
    to.lineTo(shift + size, 0);
    if (kind === 'crossed') {
      to.moveTo(shift, 0);
      to.lineTo(shift + size, size);
    }
  }
  to.stroke();
  return to.createPattern(tile, 'repeat');
}
