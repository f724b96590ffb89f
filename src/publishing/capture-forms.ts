/** How samples of waveforms and captures travel: base64 in the JSON, behind it as they are, or as decimal numbers. */
export const CAPTURE_FORMS = ['base64', 'binary', 'numbers'] as const;
export type CaptureForm = (typeof CAPTURE_FORMS)[number];
