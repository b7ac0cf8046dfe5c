// Photos from a camera: a live view where the browser gives one, else the phone's own camera app.

export function offerCamera({ onPhoto, onTrouble }) {
  const open = document.getElementById("camera-open");
  const dialog = document.getElementById("camera");
  const view = document.getElementById("camera-view");
  const line = document.getElementById("camera-line");
  let stream = null;
  let taken = 0;

  open.hidden = false;
  open.addEventListener("click", async () => {
    // Only pages that came by TLS, or from this machine, get a live view.
    if (!navigator.mediaDevices?.getUserMedia) return askPhone(onPhoto);
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: 1920, height: 1080 } });
    } catch (error) {
      onTrouble(error.name === "NotAllowedError"
        ? "The browser may not use the camera: allow it in the address bar, or choose photos."
        : "No camera was found: choose photos instead.");
      return;
    }
    view.srcObject = stream;
    taken = 0;
    dialog.showModal();
    await view.play();
  });

  document.getElementById("camera-shoot").addEventListener("click", async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [view.videoWidth, view.videoHeight];
    canvas.getContext("2d").drawImage(view, 0, 0);
    const blob = await new Promise((done) => { canvas.toBlob(done, "image/jpeg", 0.92); });
    if (!blob) return onTrouble("The camera gave no picture; try again.");
    const stamp = new Date().toISOString().replace(/[:.]/g, "-").slice(0, 19);
    taken += 1;
    onPhoto(new File([blob], `camera-${stamp}-${taken}.jpg`, { type: "image/jpeg" }));
    line.textContent = `${taken} taken. Tell people before you photograph them.`;
  });

  document.getElementById("camera-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    view.srcObject = null;
  });
}

function askPhone(onPhoto) {
  const input = document.createElement("input");
  Object.assign(input, { type: "file", accept: "image/*", capture: "environment" });
  input.addEventListener("change", () => { for (const file of input.files) onPhoto(file); });
  input.click();
}
