// Selectors of the pages; the only file that knows the markup.

export const at = {
  island: "[data-hydrated]",
  asleep: '[data-hydrated="false"]',
  email: 'input[name="email"]',
  password: 'input[name="password"]',
  submit: 'form.fields button[data-kind="main"]',
  signOut: 'form[action$="account/sign-out"] button',
  trouble: ".trouble:not([hidden])",

  message: "#message",
  send: ".compose-form .row > button:not([formnovalidate])",
  stop: ".compose-form button[formnovalidate]",
  connection: ".conversation .connection",
  connectionWord: '.conversation .connection [role="status"]',
  reload: ".top noscript a",
  retryConnection: ".conversation .connection button",
  title: ".top h1",
  log: '.timeline[role="log"]',
  announcements: '.conversation p.unseen[role="status"]',
  scroll: ".scroll",
  older: ".older",
  later: ".later a",
  prompt: ".prompts button",

  said: ".said",
  answer: ".answer",
  answerNow: '.answer[data-status="streaming"]',
  answerDone: '.answer[data-status="done"]',
  ended: ".answer .ended",
  tryAgain: 'form[action$="retry"] .button',
  again: ".answer .again button",
  writeAnew: ".anew > summary",
  writtenAnew: ".anew textarea",
  sendAnew: ".anew .button",
  model: ".compose-form select",
  attach: '.compose-form input[type="file"]',
  attached: ".attached > li",
  question: ".approval",
  allow: '.approval button[value="once"]',
  always: '.approval button[value="always"]',
  deny: '.approval button[value="deny"]',
  entry: "details.entry",
  working: 'details.entry[data-status="working"]',
  elapsed: ".elapsed",
  entryTitle: ".title",
  entryWord: ".facts > :first-child",
  summary: ":scope > summary",
  details: ".more dl",
  keep: '.foot form[action$="work-log/keep"] button',
  until: ".foot .until",
  removeEntry: ".sure > summary",
  removeForGood: '.sure button[data-kind="danger"]',
  tier: ".facts .tier",
  folded: "details.work",
  picture: "figure.media img",
  media: "figure.media",
  caption: "figure.media figcaption",

  menu: ".menu",
  side: "#side",
  talk: ".talk-link",
  talkLink: ".talk-link a",
  current: '.talk-link a[aria-current="page"]',
  newTalk: ".side .new",
  rename: '.talk-link .tool[aria-label^="Rename"]',
  remove: '.talk-link .tool[aria-label^="Delete"]',
  talkMenu: '.top [popovertarget="talk-menu"]',
  openMenu: "#talk-menu:popover-open",
  renameThis: '.talk-menu [popovertarget="rename"]',
  removeThis: '.talk-menu [popovertarget="delete"]',
  keepThis: '.talk-menu form[data-kept="false"] button',
  letThisExpire: '.talk-menu form[data-kept="true"] button',
  keptTalk: '.top .chip[data-kept="true"]',
  exportThis: '.talk-menu a[href*="format=html"]',
  receipt: "#receipt",
  gap: ".gap",
  renameField: '#rename input[name="title"]',
  dialog: ".dialog:not(.talk-menu):popover-open",
  confirmRename: '#rename button[data-kind="main"]',
  confirmDelete:
    '.dialog:not(.talk-menu):popover-open button[data-kind="danger"]',
  keepIt: ".dialog:not(.talk-menu):popover-open button[popovertarget]",

  toPeople: '.bar a[href="/settings/people"]',
  inviteEmail: '#invite input[name="email"]',
  invite: "#invite button",
  freshLink: "#invite .secret",
  person: "#people .people > li",
  disable: (email) => `button[aria-label="Disable: ${email}"]`,
  enable: (email) => `button[aria-label="Enable: ${email}"]`,
  erasePerson: (email) => `summary[aria-label="Erase: ${email}"]`,
  eraseEmail: 'details input[name="email"]',
  eraseForGood: 'details button[data-kind="danger"]',
  note: '.note[role="status"]',

  keyName: '.panel input[name="name"]',
  makeKey: 'form[action$="keys/create"] button',
  freshKey: ".secret",
  detail: (level) => `.levels input[value="${level}"]`,
  saveDetail: ".levels:has([name=detail]) button",
  exportAll: '#your-data a[href*="format=html"]',
  eraseAccount: "#your-data details > summary",
  erase: '#your-data button[data-kind="danger"]',
  theme: (name) => `input[name="theme"][value="${name}"]`,
};

/** The entry with this id. */
export const entryAt = (id) => `[id="entry-${id}"]`;

/** Plays an audio or video element and seeks to its middle; resolves to whether that worked. */
export const playsAndSeeks = async (media) => {
  media.muted = true;
  await media.play();
  media.pause();
  const seeked = new Promise((done) =>
    media.addEventListener("seeked", done, { once: true }),
  );
  const middle = media.duration / 2;
  media.currentTime = middle;
  await seeked;
  return media.currentTime === middle && media.videoWidth !== 0;
};
