// Runs in the page before the page's own scripts (lib.mjs adds it to every document). It only watches:
// - 2D canvases: the texts drawn since the canvas was last cleared (labels and titles exist nowhere else);
// - WebGL canvases: the renderer's command buffer, read back from its last upload, and the pictures put into textures;
// - the Vue application: Pinia's state (classic) or the components' props (v1).
(() => {
  const context2d = CanvasRenderingContext2D.prototype;
  const webgl = WebGL2RenderingContext.prototype;
  const texts = new WeakMap();
  const frames = new WeakMap();
  const uploads = new WeakMap();
  const entry = (map, key, make) => map.get(key) ?? map.set(key, make()).get(key);

  const { clearRect, fillText } = context2d;
  context2d.clearRect = function (x, y, width, height) {
    if (width >= this.canvas.width && height >= this.canvas.height) texts.set(this.canvas, []);
    return clearRect.call(this, x, y, width, height);
  };
  context2d.fillText = function (text, x, y, ...rest) {
    entry(texts, this.canvas, () => []).push({ text: String(text), x, y });
    return fillText.call(this, text, x, y, ...rest);
  };

  const { texSubImage2D, texSubImage3D } = webgl;
  webgl.texSubImage2D = function (...args) {
    const [, , , , width, height, format, type, source, offset] = args;
    const frame = entry(frames, this.canvas, () => ({}));
    if (source instanceof Float32Array) {
      frame.data = source;
      if (offset !== undefined) frame.styles = offset;
    } else if (source instanceof Uint16Array) {
      if (source.length === 128 * 128) frame.commands = source;
      else Object.assign(frame, { ranges: source, tiles: width - 1 });
    }
    return texSubImage2D.apply(this, args);
  };
  webgl.texSubImage3D = function (...args) {
    const picture = args[10];
    if (!(picture instanceof HTMLImageElement)) return texSubImage3D.apply(this, args);
    this.getError();
    texSubImage3D.apply(this, args);
    const error = this.getError();
    entry(uploads, this.canvas, () => []).push({
      slot: `${args[5]}x${args[6]}`, picture: `${picture.naturalWidth}x${picture.naturalHeight}`, src: picture.src, error,
    });
  };

  const KINDS = { 1: 'line', 2: 'triangle', 3: 'rect', 4: 'frame', 5: 'glyph', 6: 'image', 9: 'clip' };
  function shapes(id) {
    const frame = frames.get(document.getElementById(id));
    if (!frame?.ranges) return [];
    const { data, styles, commands, ranges, tiles } = frame;
    const live = new Set(commands.subarray(0, ranges[tiles]));
    return [...live].sort((a, b) => a - b).map((texel) => texel * 4).flatMap((at) => {
      const kind = KINDS[data[at]];
      if (kind === 'clip') return [];
      const [left, top, right, bottom] = data.subarray(at + 4, at + 8);
      const shape = { kind, left, top, width: right - left, height: bottom - top };
      if (kind === 'image') return [{ ...shape, bundle: data[at + 8] - 10, slice: data[at + 9] }];
      const style = styles + data[at + 1] * 4;
      return [{ ...shape, color: [...data.subarray(style + 4, style + 8)] }];
    });
  }

  const app = () => document.getElementById('app')?.__vue_app__;
  const pinia = () => app()?.config.globalProperties.$pinia?.state.value;
  function components(name) {
    const found = [];
    (function walk(vnode) {
      if (vnode?.component) {
        if (vnode.component.type.__name === name) found.push(vnode.component);
        walk(vnode.component.subTree);
      } else if (Array.isArray(vnode?.children)) vnode.children.forEach(walk);
    })(app()?._container._vnode);
    return found;
  }
  function live() {
    const stores = pinia();
    if (stores) {
      const { project, context } = stores;
      return { projects: context?.projects, store: project, runtime: project, sources: project?.videoPlayerOptions?.sources };
    }
    const [area] = components('ThumbnailArea');
    const store = area?.props.projectStore;
    return { projects: components('TheNavbar')[0]?.props.projects, store, runtime: area?.props.runtimeState, sources: store?.videoPlayerSources };
  }

  window.__probe = {
    texts: (id) => texts.get(typeof id === 'string' ? document.getElementById(id) : id) ?? [],
    shapes,
    uploads: (id) => uploads.get(document.getElementById(id)) ?? [],
    // Whether everything that the project's page fetches has been fetched: the edit comes last.
    loaded: (id) => { const { store, sources } = live(); return store?.id === id && sources?.length > 0; },
    status(task) {
      for (const list of [live().store?.shots, live().store?.assets])
        for (const { tasks } of list ?? [])
          for (const { id, task_status_id } of tasks) if (id === task) return task_status_id;
    },
    state() {
      const { projects, store, runtime, sources } = live();
      const keys = ['id', 'name', 'fps', 'shots', 'assets', 'sequences', 'team', 'taskTypes', 'taskStatuses', 'assetTypes', 'totalFrames', 'frameOffset'];
      const state = Object.fromEntries(keys.map((key) => [key, store?.[key]]));
      const { currentFrame, currentShot, selectedAssets } = runtime ?? {};
      const charts = components('BarChart').map(({ props }) => ({ title: props.chartTitle, datasets: props.chartData.datasets }));
      return JSON.parse(JSON.stringify({ ...state, projects, sources, currentFrame, currentShot, selectedAssets, charts }));
    },
  };
})();
