// Waits until the page's menu has the list of projects, then gives the view that stands behind this module.
const there = () => document.querySelector(".project-selectors > select:first-child option");
for (const end = Date.now() + 10000; !there() && Date.now() < end; ) {
  await new Promise((go) => setTimeout(go, 5));
}
const view = await import("/VIEW?view");
export default view.default;
