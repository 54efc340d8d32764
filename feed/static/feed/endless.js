// The way on is a link; when it nears the screen it follows itself, once. Without this it stays a link.
import { onEach } from "./page.js";

const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    window.htmx?.trigger(target, "click");
  }
}, { rootMargin: "800px 0px" });
onEach(".more-posts[hx-get]", (link) => near.observe(link));
