// An AbortController that is aborted when `signal` is, too; release() when it is of no more use. AbortSignal.any would
// do, but is younger than the browsers and the node this must run on.
export function linked(signal) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  return Object.assign(controller, { release: () => signal?.removeEventListener('abort', abort) });
}
