for (const select of document.querySelectorAll("select[data-filters]")) {
  const cases = document.getElementById(select.dataset.filters);
  select.parentElement.hidden = false;
  select.addEventListener("change", () => {
    const wanted = select.value;
    for (const each of cases.querySelectorAll(".case")) {
      each.hidden = wanted !== "" && !each.dataset.of.split(" ").includes(wanted);
    }
    for (const fold of cases.querySelectorAll("details")) fold.open = wanted !== "" || fold.open;
  });
}
for (const link of document.querySelectorAll("nav a")) {
  link.addEventListener("click", () => {
    const fold = document.querySelector(link.getAttribute("href") + " > details");
    if (fold) fold.open = true;
  });
}
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const fold of closed) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of closed) fold.open = false;
});
