import { openComtrade, type Progress } from '../comtrade';
import { withName } from './error';
import { RecordFile } from './record-file';
import { openSource, type RecordSource } from './source';
import { type SurveyOptions, survey } from './survey';

export interface OpenOptions extends SurveyOptions {
  /** Code page of the header; found out where absent. */
  encoding?: string;
  /** Called on the way, with what part of the file has been looked through, and then read. */
  progress?: Progress;
}

/**
 * Opens a record: header read, stamps and rates held against each other, channels found.
 * @throws RecordError with a reason where it cannot be read or holds nothing that can be measured; FieldError for an
 *   option; the file system's own error
 */
export async function openRecord(source: RecordSource, options: OpenOptions = {}): Promise<RecordFile> {
  const opened = await openSource(source).catch((error: Error) => {
    const name = 'path' in source ? source.path : source.name;
    throw withName(name, error);
  });
  try {
    const record = await openComtrade(opened.parts, options);
    return new RecordFile(opened, record, await survey(record, opened.name, options), options.progress);
  } catch (error) {
    await opened.close();
    throw withName(opened.name, error);
  }
}
