/** What makes a record one that cannot be read, or not be trusted in one point. */
export type Fault =
  | 'too few samples a cycle'
  | 'no clock'
  | 'random stamps'
  | 'no voltage'
  | 'no data'
  | 'status only'
  | 'wrong width';

/** What a refusal, or a doubt, may truly say of each. */
export const TRUE_REASONS: Record<Fault, RegExp> = {
  'too few samples a cycle': /samples (a|per) cycle|sampl\w+ too slow|340 Hz|too slow/i,
  'no clock': /neither .*(rate|stamp)|no .*(rate|stamp)/i,
  'random stamps': /stamp/i,
  'no voltage': /voltage/i,
  'no data': /empty|not one whole|no data|no row|fields expected|short/i,
  'status only': /analog|voltage|no .*channel/i,
  'wrong width': /wide|width|fields|columns|values (in|per) (a|the) row/i,
};

export const FAULTS = Object.keys(TRUE_REASONS) as Fault[];
