for (const button of document.querySelectorAll("nav button")) {
  button.onclick = () => {
    document.documentElement.dataset.shown = button.dataset.to;
    document.documentElement.lang = button.dataset.to;
  };
}
