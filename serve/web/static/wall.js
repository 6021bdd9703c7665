// The wall: goes on to what follows every so often, and stays as it is while the
// server can't be reached.

const { every, next } = document.body.dataset;

export function keep(came) {
  const lost = document.querySelector('.lost');
  const since = new Date().toLocaleTimeString('zh-CN', { hour12: false });
  const tell = (ok) => { lost.textContent = ok ? '' : `连接中断，画面停在 ${since}`; };
  tell(came);
  setInterval(async () => {
    try {
      const health = await fetch('/healthz', { cache: 'no-store' });
      if (health.ok) location.replace(next);
      else tell(false);
    } catch { tell(false); }
  }, Math.max(5, Number(every) || 60) * 1000);
}
