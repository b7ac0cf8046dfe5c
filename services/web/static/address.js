// Addresses of this page, which may lie below a path prefix: its scripts lie in the prefix's /static.

const root = new URL("..", import.meta.url).pathname.slice(0, -1);

// What a browser calls a path of the page, and the path of the page that is shown.
export const at = (path) => root + path;
export const here = () => location.pathname.slice(root.length) || "/";
