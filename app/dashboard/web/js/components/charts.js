/**
 * Charts: Vega-Lite specifications of the API, drawn by the Vega that the server carries.
 *
 * In: a specification. Out: an SVG that is replaced in one go, so that nothing flickers. Never here: what a chart shows.
 * Vega is loaded when the first chart is wanted; its expressions are interpreted, so the page needs no `unsafe-eval`.
 */

/** Vega's own level: that a series is still empty is no news. */
const ERRORS = 1;
let loading = null;

/** The address of Vega; empty on a server without it, where a chart's description is shown instead. */
const address = () => document.querySelector("meta[name=vega]").content;

function vega() {
  loading ??= import(address()).then(
    () => window.vegaEmbed,
    (error) => {
      loading = null;
      throw error;
    },
  );
  return loading;
}

/** The share of the usual size at which the page is read: a wall is read from further away. */
const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 14.5;

/**
 * A specification for the page: the panel has the title, and the chart is drawn for a page of the usual size, which the style
 * sheet then scales with everything else.
 */
function fitted(spec, width, height) {
  const { title, $schema, ...own } = structuredClone(spec);
  const factor = scale();
  own.width = Math.floor(width / factor);
  if (height) Object.assign(own, { height: Math.floor(height / factor), autosize: { type: "fit", contains: "padding" } });
  return own;
}

/** Vega's own tip writes HTML; this one writes text. */
function tip(handler, event, item, value) {
  const node = document.getElementById("tip");
  if (value === null || value === undefined || value === "") {
    node.hidden = true;
    return;
  }
  const lines = typeof value === "object" ? Object.entries(value).filter(([, text]) => text !== "").map(([name, text]) => `${name}  ${text}`) : [value];
  node.textContent = lines.join("\n");
  node.hidden = false;
  const { innerWidth } = window;
  node.style.setProperty("left", `${Math.min(event.clientX + 14, innerWidth - node.offsetWidth - 8)}px`);
  node.style.setProperty("top", `${Math.max(8, event.clientY - node.offsetHeight - 10)}px`);
}

/** Owner of a chart's node; its input is `{spec, tall}`. */
export const chart = {
  create(node, input) {
    let shown = null;
    let view = null;
    let width = 0;
    let busy = false;
    let wanted = input;

    async function draw() {
      if (busy) return;
      if (!address()) {
        node.textContent = wanted?.spec.description ?? "";
        node.dataset.drawn = "told";
        return;
      }
      busy = true;
      let stage = null;
      try {
        while (wanted && (JSON.stringify(wanted.spec) !== shown || node.clientWidth !== width)) {
          const text = JSON.stringify(wanted.spec);
          const embed = await vega();
          if (!node.isConnected || node.clientWidth === 0) break;
          width = node.clientWidth;
          stage = document.createElement("div");
          stage.className = "chart-stage";
          // The figure has its description; Vega's roles for each of its groups would be read out as noise.
          stage.setAttribute("aria-hidden", "true");
          node.append(stage);
          const spec = fitted(wanted.spec, width, wanted.tall ? node.clientHeight : null);
          const options = { ast: true, actions: false, renderer: "svg", logLevel: ERRORS, defaultStyle: false, tooltip: tip };
          const next = await embed(stage, spec, options);
          view?.finalize();
          view = next;
          for (const old of [...node.children]) if (old !== stage) old.remove();
          stage.className = "chart-drawn";
          shown = text;
          node.dataset.drawn = "yes";
        }
      } catch (error) {
        stage?.remove();
        node.dataset.drawn = "no";
        console.warn("chart", error);
      } finally {
        busy = false;
      }
    }

    const watching = new ResizeObserver(() => draw());
    watching.observe(node);
    return {
      update(next) {
        wanted = next;
        draw();
      },
      remove() {
        wanted = null;
        watching.disconnect();
        view?.finalize();
      },
    };
  },
};
