// Shows the position in the queue without a reload. Without script the page has a link.
const state = document.getElementById("state");
const look = async () => {
  try {
    const answer = await fetch(state.dataset.url);
    const now = await answer.json();
    if (now.state !== "waiting" && now.state !== "running") {
      location.reload();
      return;
    }
    if (state.textContent !== now.text) {
      state.textContent = now.text;
    }
  } catch {
    // The next request may succeed.
  }
  setTimeout(look, 3000);
};
if (state && state.dataset.url) {
  setTimeout(look, 3000);
}
