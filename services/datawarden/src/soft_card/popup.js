"use strict";
// One command of the page that opened this window, one answer, then it closes. Answers go to the origin that the browser
// says the command came from, never to "*"; who that is, is told to the program, which decides.
const page = window.opener;
const { origins, cancelled, failed } = JSON.parse(document.body.dataset.setup);
let asker = null;
let answered = false;

// Where to say that we are ready. The opener is one of the known sites, or says who it is so that it can be refused.
function possibleOpeners() {
    if (document.referrer === "") return origins;
    return [new URL(document.referrer).origin];
}

function answer(text) {
    if (answered) return;
    answered = true;
    page.postMessage(text, asker);
    window.close();
}

async function call(path, body) {
    const headers = { "X-Opener-Origin": asker };
    const options = { headers, cache: "no-store" };
    if (body !== undefined) {
        options.method = "POST";
        options.body = body;
        headers["Content-Type"] = "application/x-www-form-urlencoded";
    }
    return (await fetch(path, options)).text();
}

function askForPin() {
    const form = document.getElementById("pin-form");
    document.getElementById("waiting").hidden = true;
    document.getElementById("asker").textContent = asker;
    form.hidden = false;
    form.elements.pin.focus();
    return new Promise((resolve) => {
        document.getElementById("cancel").addEventListener("click", () => resolve(null));
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            resolve(form.elements.pin.value);
        });
    });
}

async function sign(command) {
    // The command as the page wrote it, so that a plus sign must be %2B, as with the real component.
    const body = "tbsPackage=" + command;
    let request;
    try {
        request = JSON.parse(new URLSearchParams(body).get("tbsPackage"));
    } catch {
        return call("/sign", body);
    }
    if (request.pin || !origins.includes(asker)) return call("/sign", body);
    const pin = await askForPin();
    if (pin === null) return cancelled;
    return call("/sign", new URLSearchParams({ tbsPackage: JSON.stringify({ ...request, pin }) }));
}

async function obey(command) {
    let name;
    try {
        name = JSON.parse(command).func;
    } catch {
        // Said by the program.
    }
    if (name === "CheckEnvir") return call("/pkcs11info");
    if (name === "GetUserCert") return call("/pkcs11info?withcert=true");
    if (name === "MakeSignature") return sign(command);
    return call("/sign", "tbsPackage=" + command);
}

if (page !== null) {
    window.addEventListener("message", (event) => {
        const ours = event.source === page && event.origin !== "null" && typeof event.data === "string";
        if (!ours || asker !== null) return;
        asker = event.origin;
        obey(event.data).then(answer, () => answer(failed));
    });
    window.addEventListener("pagehide", () => {
        if (asker !== null) answer(cancelled);
    });
    for (const origin of possibleOpeners()) page.postMessage('{"func":"getTbs"}', origin);
}
