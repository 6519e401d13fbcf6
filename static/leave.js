// Leaves the page for an address within this desk. Used once, after signing in.
export default function ({ data }) {
  const url = new URL(data.url, location.href);
  if (url.origin !== location.origin) return;
  url.searchParams.set("next", location.pathname + location.search);
  location.replace(url.href);
}
