// outside runs in the page: it lists what stands out of its card or of the
// window, and the words of the VOIP table that are broken in their middle.
export function outside() {
  const found = [];
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) found.push(`the page is ${wide} px wider than the window`);
  for (const card of document.querySelectorAll(".card, .toolbar")) {
    const room = card.getBoundingClientRect();
    for (const e of card.querySelectorAll("*")) {
      if (e.closest(".scroll, .vh, .graph, thead") || !e.checkVisibility()) continue; // those scroll, or are not seen
      const box = e.getBoundingClientRect();
      if (box.width && (box.right > room.right + 0.5 || box.left < room.left - 0.5)) found.push(`${e.tagName}.${e.className} "${e.textContent.trim().slice(0, 40)}" ends at ${box.right}, its card at ${room.right}`);
    }
    if (card.scrollWidth > card.clientWidth + 1) found.push(`${card.className} "${card.textContent.trim().slice(0, 20)}" is scrolled: ${card.scrollWidth} in ${card.clientWidth}`);
  }
  for (const cell of document.querySelectorAll(".measures :is(th, td)")) {
    const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
      for (const word of walk.currentNode.data.matchAll(/[A-Za-z]{4,}/g)) {
        const range = document.createRange();
        range.setStart(walk.currentNode, word.index);
        range.setEnd(walk.currentNode, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
        if (lines.size > 1) found.push(`"${word[0]}" is broken over ${lines.size} lines`);
      }
    }
  }
  return found;
}
