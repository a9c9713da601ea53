"""How forms are written: label, help, field and errors together, at the field."""

from django.forms.renderers import TemplatesSetting


class ConsoleRenderer(TemplatesSetting):
    """Writes fields with templates/forms; the widgets are Django's own."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
