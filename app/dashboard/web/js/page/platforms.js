/**
 * The platforms that the pages offer: for rooms, promotions, filters and the exports of their back ends.
 *
 * In: nothing. Out: slugs in the order of every choice, links of rooms, zones of exports. Never here: names, which the labels have; requests.
 */

/**
 * `links` find a room in its link, by the first group. `exportZone` is the zone of an export's times, wherever the show is
 * planned; without one it is the zone of the session.
 */
const KNOWN = {
  wechat: { exportZone: "Asia/Shanghai", links: [/(export\/[\w-]{6,})/, /weixin\.qq\.com\/.*?[?&](?:export_?id|live_?id)=([\w-]{12,})/i] },
  weibo: { exportZone: "Asia/Shanghai", links: [/weibo\.(?:com|cn)\/.*?(1022:\d{8,})/, /(?:^|[?&=/])(1022:\d{8,})/] },
  douyin: { exportZone: "Asia/Shanghai", links: [/live\.douyin\.com\/(\d{5,})/, /webcast\/reflow\/(\d{5,})/] },
};
export const PLATFORMS = Object.keys(KNOWN);
/** Each platform with one of its patterns. */
export const ROOM_LINKS = PLATFORMS.flatMap((platform) => KNOWN[platform].links.map((pattern) => [platform, pattern]));

/** Return the zone of times without one in an export of a platform, or null if the platform does not decide it. */
export const exportZone = (platform) => KNOWN[platform]?.exportZone ?? null;
