/**
 * The ids of rooms: read from what an operator pastes.
 *
 * In: a text, perhaps a link. Out: platform and room. Never here: requests.
 */

/** Each pattern's first group is the room. A link may be escaped once or twice: it was shared through a chat. */
const LINKS = [
  ["wechat", /(export\/[\w-]{6,})/],
  ["wechat", /weixin\.qq\.com\/.*?[?&](?:export_?id|live_?id)=([\w-]{12,})/i],
  ["weibo", /weibo\.(?:com|cn)\/.*?(1022:\d{8,})/],
  ["weibo", /(?:^|[?&=/])(1022:\d{8,})/],
  ["douyin", /live\.douyin\.com\/(\d{5,})/],
  ["douyin", /webcast\/reflow\/(\d{5,})/],
];
export const PLATFORMS = ["wechat", "weibo", "douyin"];

/** Return `{platform, room}` of a link or an id that names its platform; the platform is null where the text does not say. */
export function roomOf(text) {
  let plain = text.trim();
  for (let again = 0; again < 2 && /%[0-9a-f]{2}/i.test(plain); again += 1) {
    try {
      plain = decodeURIComponent(plain);
    } catch {
      break;
    }
  }
  for (const [platform, pattern] of LINKS) {
    const found = pattern.exec(plain);
    if (found) return { platform, room: found[1] };
  }
  return { platform: null, room: plain };
}
