/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/texts.h"

static const struct {
    const char *language;
    struct mail_texts texts[MAIL_KINDS];
} catalogue[] = {
    {"en",
     {
         [MAIL_PASSWORD_RESET] =
             {
                 .subject = "Password reset instructions",
                 .heading = "Reset your password",
                 .intro = "You asked for a new password for your account on {appName}. Choose one here:",
                 .button = "Reset password",
                 .alternative = "If the button does not work, open this link in your browser:",
                 .ignore = "If it was not you, there is nothing to do: your password stays as it is.",
                 .footer = "This mail is meant for {email}.",
             },
         [MAIL_EMAIL_VERIFICATION] =
             {
                 .subject = "Email verification instructions",
                 .heading = "Confirm your email address",
                 .intro = "Please confirm that this is your email address for {appName}:",
                 .button = "Confirm address",
                 .alternative = "If the button does not work, open this link in your browser:",
                 .ignore = "If you have no account on {appName}, you can ignore this mail.",
                 .footer = "This mail is meant for {email}.",
             },
     }},
    {"de",
     {
         [MAIL_PASSWORD_RESET] =
             {
                 .subject = "Passwort zurücksetzen",
                 .heading = "Passwort zurücksetzen",
                 .intro = "Für Ihr Konto bei {appName} wurde ein neues Passwort angefordert. Hier können Sie "
                          "es festlegen:",
                 .button = "Passwort zurücksetzen",
                 .alternative =
                     "Falls die Schaltfläche nicht funktioniert, öffnen Sie diesen Link im Browser:",
                 .ignore = "Wenn das nicht von Ihnen kam, müssen Sie nichts tun: Ihr Passwort bleibt, wie es "
                           "ist.",
                 .footer = "Diese E-Mail ist für {email} bestimmt.",
             },
         [MAIL_EMAIL_VERIFICATION] =
             {
                 .subject = "E-Mail-Adresse bestätigen",
                 .heading = "E-Mail-Adresse bestätigen",
                 .intro = "Bitte bestätigen Sie, dass dies Ihre E-Mail-Adresse bei {appName} ist:",
                 .button = "Adresse bestätigen",
                 .alternative =
                     "Falls die Schaltfläche nicht funktioniert, öffnen Sie diesen Link im Browser:",
                 .ignore = "Wenn Sie kein Konto bei {appName} haben, können Sie diese E-Mail ignorieren.",
                 .footer = "Diese E-Mail ist für {email} bestimmt.",
             },
     }},
    {"fr",
     {
         [MAIL_PASSWORD_RESET] =
             {
                 .subject = "Réinitialisation de votre mot de passe",
                 .heading = "Réinitialiser votre mot de passe",
                 .intro =
                     "Un nouveau mot de passe a été demandé pour votre compte {appName}. Choisissez-le ici :",
                 .button = "Réinitialiser le mot de passe",
                 .alternative = "Si le bouton ne fonctionne pas, ouvrez ce lien dans votre navigateur :",
                 .ignore =
                     "Si vous n’êtes pas à l’origine de cette demande, vous n’avez rien à faire : votre "
                     "mot de passe reste inchangé.",
                 .footer = "Ce message est destiné à {email}.",
             },
         [MAIL_EMAIL_VERIFICATION] =
             {
                 .subject = "Confirmation de votre adresse e-mail",
                 .heading = "Confirmer votre adresse e-mail",
                 .intro = "Veuillez confirmer qu’il s’agit bien de votre adresse e-mail pour {appName} :",
                 .button = "Confirmer l’adresse",
                 .alternative = "Si le bouton ne fonctionne pas, ouvrez ce lien dans votre navigateur :",
                 .ignore = "Si vous n’avez pas de compte {appName}, vous pouvez ignorer ce message.",
                 .footer = "Ce message est destiné à {email}.",
             },
     }},
    {"es",
     {
         [MAIL_PASSWORD_RESET] =
             {
                 .subject = "Restablecer la contraseña",
                 .heading = "Restablezca su contraseña",
                 .intro = "Se ha solicitado una nueva contraseña para su cuenta de {appName}. Elíjala aquí:",
                 .button = "Restablecer la contraseña",
                 .alternative = "Si el botón no funciona, abra este enlace en su navegador:",
                 .ignore = "Si no ha sido usted, no tiene que hacer nada: su contraseña no cambia.",
                 .footer = "Este mensaje es para {email}.",
             },
         [MAIL_EMAIL_VERIFICATION] =
             {
                 .subject = "Confirmar su dirección de correo",
                 .heading = "Confirme su dirección de correo",
                 .intro = "Por favor, confirme que esta es su dirección de correo para {appName}:",
                 .button = "Confirmar la dirección",
                 .alternative = "Si el botón no funciona, abra este enlace en su navegador:",
                 .ignore = "Si no tiene una cuenta en {appName}, puede ignorar este mensaje.",
                 .footer = "Este mensaje es para {email}.",
             },
     }},
};

const struct mail_texts *mail_texts_find(enum mail_kind kind, struct str language)
{
    for (size_t i = 0; i < sizeof catalogue / sizeof *catalogue; i++)
        if (str_is_c(language, catalogue[i].language))
            return &catalogue[i].texts[kind];
    return NULL;
}

/* What mail programs keep of a page: tables, inline styles (which all of them read) and, where they know it,
 * the style sheet for dark mode. No images, nothing from elsewhere. */
const char mail_layout_html[] =
    "<!doctype html>\n"
    "<html lang=\"{language}\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n"
    "<meta name=\"supported-color-schemes\" content=\"light dark\">\n"
    "<title>{subject}</title>\n"
    "<style>\n"
    ":root { color-scheme: light dark; supported-color-schemes: light dark; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  .page { background: #14161a !important; }\n"
    "  .card { background: #1f2329 !important; }\n"
    "  .text { color: #e8eaed !important; }\n"
    "  .quiet, .quiet a { color: #aab1bb !important; }\n"
    "  .button { background: #8ab4f8 !important; color: #10141a !important; }\n"
    "}\n"
    "</style>\n"
    "</head>\n"
    "<body class=\"page\" style=\"margin:0;padding:0;background:#f3f4f6\">\n"
    "<table role=\"presentation\" class=\"page\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" "
    "border=\"0\""
    " style=\"background:#f3f4f6\">\n"
    "<tr><td align=\"center\" style=\"padding:24px 12px\">\n"
    "<table role=\"presentation\" class=\"card\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" "
    "border=\"0\""
    " style=\"max-width:560px;background:#ffffff;border-radius:8px\">\n"
    "<tr><td class=\"text\" style=\"padding:32px 28px;font-family:system-ui,-apple-system,'Segoe UI',Roboto,"
    "Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;color:#1c1f23\">\n"
    "<p class=\"quiet\" style=\"margin:0 0 20px;font-size:14px;color:#5b626b\">{appName}</p>\n"
    "<h1 class=\"text\" style=\"margin:0 0 "
    "16px;font-size:22px;line-height:1.3;color:#1c1f23\">{heading}</h1>\n"
    "<p style=\"margin:0 0 24px\">{intro}</p>\n"
    "<p style=\"margin:0 0 24px\"><a class=\"button\" href=\"{link}\" style=\"display:inline-block;"
    "padding:12px 22px;border-radius:6px;background:#1a56db;color:#ffffff;font-weight:600;"
    "text-decoration:none\">{button}</a></p>\n"
    "<p class=\"quiet\" style=\"margin:0 0 4px;font-size:14px;color:#5b626b\">{alternative}</p>\n"
    "<p class=\"quiet\" style=\"margin:0 0 24px;font-size:14px;color:#5b626b;word-break:break-all\">"
    "<a href=\"{link}\" style=\"color:#5b626b\">{link}</a></p>\n"
    "<p class=\"quiet\" style=\"margin:0 0 4px;font-size:14px;color:#5b626b\">{ignore}</p>\n"
    "<p class=\"quiet\" style=\"margin:0;font-size:14px;color:#5b626b\">{footer}</p>\n"
    "</td></tr>\n"
    "</table>\n"
    "</td></tr>\n"
    "</table>\n"
    "</body>\n"
    "</html>\n";

const char mail_layout_txt[] = "{heading}\n"
                               "\n"
                               "{intro}\n"
                               "\n"
                               "{link}\n"
                               "\n"
                               "{ignore}\n"
                               "{footer}\n";
