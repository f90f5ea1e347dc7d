/**
 * The ids of rooms: read from what an operator pastes.
 *
 * In: a text, perhaps a link. Out: platform and room. Never here: requests.
 */

import { ROOM_LINKS } from "../page/platforms.js";

/** Return `{platform, room}` of a link or an id that names its platform; the platform is null where the text does not say. */
export function roomOf(text) {
  let plain = text.trim();
  // A link may be escaped once or twice: it was shared through a chat.
  for (let again = 0; again < 2 && /%[0-9a-f]{2}/i.test(plain); again += 1) {
    try {
      plain = decodeURIComponent(plain);
    } catch {
      break;
    }
  }
  for (const [platform, pattern] of ROOM_LINKS) {
    const found = pattern.exec(plain);
    if (found) return { platform, room: found[1] };
  }
  return { platform: null, room: plain };
}
