/** What keeps an engine from filling a photo, in words for the user. */

export class EngineError extends Error {
  /** @param {boolean} retry whether the same again may succeed */
  constructor(message, retry = false) {
    super(message);
    this.retry = retry;
  }
}
