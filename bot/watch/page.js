"use strict";
// Fetches the same page again and puts the new one in place; counts the age of the data meanwhile.
(function () {
  var every = Number(document.body.dataset.every) * 1000;
  var loaded = performance.now();
  var age = function () {
    document.querySelectorAll("[data-age]").forEach(function (node) {
      var seconds = Math.round(Number(node.dataset.age) + (performance.now() - loaded) / 1000);
      node.textContent = seconds < 120 ? seconds + " s" : seconds < 7200 ? Math.floor(seconds / 60) + " min" :
        Math.floor(seconds / 3600) + " h";
      node.classList.toggle("bad", seconds > Number(node.dataset.patience));
    });
  };
  var again = function () {
    fetch(location.pathname, { cache: "no-store", redirect: "error" }).then(function (answer) {
      if (!answer.ok) { throw new Error(String(answer.status)); }
      return answer.text();
    }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html");
      var next = fresh.getElementById("page");
      if (!next) { throw new Error("no page"); }
      document.getElementById("page").replaceWith(document.adoptNode(next));
      document.title = fresh.title;
      document.body.className = fresh.body.className;
      loaded = performance.now();
      age();
    }).catch(function () {
      document.body.classList.add("lost");
      document.title = "No answer from Ballast";
    }).finally(function () { setTimeout(again, every); });
  };
  setInterval(age, 1000);
  setTimeout(again, every);
  age();
})();
