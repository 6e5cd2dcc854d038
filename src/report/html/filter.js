// The only script: a box that hides the rows that do not match. Without it every row is there.
const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/g, "d");
for (const box of document.querySelectorAll(".find")) {
  const input = box.querySelector("input");
  const count = box.querySelector("output");
  const rows = [...document.getElementById(box.dataset.rows).tBodies[0].rows].map((row) => [row, row.textContent.toLowerCase().normalize("NFC")]);
  box.hidden = false;
  input.addEventListener("input", () => {
    const written = input.value.trim().toLowerCase().normalize("NFC");
    const bare = plain(written) === written;
    const words = written.split(/\s+/);
    let shown = 0;
    for (const [row, text] of rows) {
      const within = bare ? plain(text) : text;
      row.hidden = !words.every((word) => within.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    count.textContent = `${shown} / ${rows.length}`;
  });
}
